"""How the catalogue is shown to people: tables of datasets, columns and differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ons_local.display import facts_table
from ons_platform.catalog.odcscheck import Difference

_SAID = {
    "dataset": "not in the catalogue",
    "missing": "unknown column",
    "extra": "not in the contract",
    "type": "type differs",
    "unit": "unit differs",
}


def datasets_table(datasets: Sequence[Mapping[str, Any]], language: str) -> Table:
    """Datasets, what they are, since when they exist and what of each is loaded."""
    table = Table(header_style="bold")
    for name in ("dataset", "title", "kind", "grain", "since", "loaded"):
        table.add_column(name, overflow="fold")
    table.add_column("rows", justify="right")
    for item in datasets:
        coverage = item["coverage"] or {}
        first, last = coverage.get("first"), coverage.get("last")
        table.add_row(
            item["dataset"],
            item["title"][language],
            item["kind"],
            item["grain"] or "–",
            str(item.get("first_year", "")),
            f"{str(first)[:10]} → {str(last)[:10]}" if first else "",
            f"{coverage['rows']:,}" if coverage else "–",
        )
    return table


def dataset_page(item: Mapping[str, Any], language: str) -> Group:
    """One dataset: facts, columns, rules."""
    facts = facts_table(dict(_facts(item, language)))
    rules = [Padding(Text(f"• {rule}"), (0, 0, 0, 2)) for rule in item.get("rules", ())]
    title = Text(item["title"][language], style="bold")
    return Group(title, facts, _columns(item["columns"], language), *rules)


def _facts(item: Mapping[str, Any], language: str) -> Iterable[tuple[str, str]]:
    yield "dataset", f"{item['dataset']} (table {item['table']})"
    yield "what", item["description"][language]
    yield "kind", f"{item['kind']}, {item['dataset_type']}, {item['grain'] or 'no time'}"
    since = f", since {item['first_year']}" if "first_year" in item else ""
    yield "files", ", ".join(item["file_patterns"]) + since
    if item.get("time"):
        yield "time", item["time"]
    if "key" in item:
        yield "key", ", ".join(item["key"])
    if coverage := item["coverage"]:
        yield "loaded", f"{coverage['rows']:,} rows, {coverage['first']} → {coverage['last']}"
    yield "url", item["url"]
    yield "licence", item.get("attribution", item["licence"])


def _columns(columns: Sequence[Mapping[str, Any]], language: str) -> Table:
    table = Table(header_style="bold")
    for name in ("column", "type", "unit", "role", "measure", "also called", "description"):
        table.add_column(name, overflow="fold")
    for column in columns:
        optional = " (optional)" if column.get("optional") else ""
        role = "/".join(filter(None, (column["role"], column.get("also"))))
        table.add_row(
            f"{column['name']}{optional}",
            column["type"],
            column.get("unit") or "",
            role,
            column.get("measure") or "",
            ", ".join(column.get("aliases", ())),
            (column.get("description") or {}).get(language, ""),
        )
    return table


def differences_table(found: Sequence[Difference]) -> Table:
    """What contracts say otherwise; what matters first."""
    table = Table(header_style="bold")
    for name in ("dataset", "column", "difference", "catalogue", "contract", ""):
        table.add_column(name, overflow="fold")
    for item in sorted(found, key=lambda one: not one.material):
        mark = "[bold red]differs[/]" if item.material else "[dim]note[/]"
        said = _SAID[item.what]
        table.add_row(item.dataset, item.column, said, item.ours, item.theirs, mark)
    return table
