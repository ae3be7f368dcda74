"""How `ons diff` and `ons verify` look to people, in Portuguese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ons_platform.lake.zone import brasilia

_WORDS: dict[str, dict[str, str]] = {
    "pt": {
        "from": "de", "to": "para", "dataset": "conjunto de dados", "period": "período afetado",
        "rows": "linhas", "old": "antes", "new": "depois", "added": "incluídas",
        "vanished": "sumidas", "changed": "alteradas", "rounded": "só arredondamento",
        "other": "só outras colunas", "filled": "vazio → valor", "emptied": "valor → vazio",
        "measure": "grandeza", "largest": "maior alteração", "largest_relative": "maior em %",
        "difference": "diferença", "relative": "%", "kind": "o que houve", "columns": "colunas",
        "same": "Nada mudou: as linhas são as mesmas.", "changes": "Maiores alterações",
        "instant": "instante (Brasília)", "versions": "versões lidas da zona bruta",
        "partitions": "arquivos do lago", "problem": "problema", "where": "onde",
        "expected": "esperado", "found": "encontrado", "mended": "corrigido",
        "sound": "O lago é o que os arquivos brutos dizem.", "removed": "objetos removidos",
        "unsound": "O lago difere dos arquivos brutos.", "changed one": "alterada",
        "added one": "incluída", "vanished one": "sumida",
    },
    "en": {
        "from": "from", "to": "to", "dataset": "dataset", "period": "affected period",
        "rows": "rows", "old": "before", "new": "after", "added": "added",
        "vanished": "vanished", "changed": "changed", "rounded": "rounding only",
        "other": "other columns only", "filled": "empty → value", "emptied": "value → empty",
        "measure": "measure", "largest": "largest change", "largest_relative": "largest in %",
        "difference": "difference", "relative": "%", "kind": "what happened", "columns": "columns",
        "same": "Nothing changed: the rows are the same.", "changes": "Largest changes",
        "instant": "instant (Brasília)", "versions": "versions read from the raw zone",
        "partitions": "lake files", "problem": "problem", "where": "where",
        "expected": "expected", "found": "found", "mended": "mended",
        "sound": "The lake is what the raw files say.", "removed": "objects removed",
        "unsound": "The lake differs from the raw files.", "changed one": "changed",
        "added one": "added", "vanished one": "vanished",
    },
}  # fmt: skip
_COUNTS = ("added", "vanished", "changed", "rounded", "filled", "emptied")
_NOT_A_PLACE = ("kind", "measure", "old", "new", "difference", "relative")


def diff_view(report: Mapping[str, Any], language: str, limit: int) -> RenderableType:
    """The summary of a comparison, counts per measure, and its largest changes."""
    words = _WORDS[language]
    parts: list[RenderableType] = [_facts(_diff_facts(report, words))]
    if not any(count for name, count in report["rows"].items() if name not in ("old", "new")):
        return Group(*parts, Text(words["same"]))
    parts.append(_measures(report["measures"], words, language))
    if report["changes"] and limit:
        parts.append(_changes(report["changes"][:limit], words, language))
    return Group(*parts)


def verification_view(report: Mapping[str, Any], language: str) -> RenderableType:
    """What was looked at, each problem in words, and the verdict."""
    words = _WORDS[language]
    facts = {words[name]: _number(report[name], language) for name in ("versions", "partitions")}
    facts[words["rows"]] = _number(report["rows"], language)
    if report["removed"]:
        facts[words["removed"]] = _number(report["removed"], language)
    parts: list[RenderableType] = [_facts(facts)]
    for name in ("mended", "problems"):
        if report[name]:
            parts.append(_problems(report[name], words, language, mended=name == "mended"))
    verdict = ("sound", "green") if report["ok"] else ("unsound", "bold red")
    return Group(*parts, Text(words[verdict[0]], verdict[1]))


def _diff_facts(report: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, str]:
    rows, period = report["rows"], report["period"]
    facts = {
        words["dataset"]: report["dataset"],
        words["from"]: f"{report['from']['key']} @ {report['from']['version_id']}",
        words["to"]: f"{report['to']['key']} @ {report['to']['version_id']}",
        words["rows"]: f"{rows['old']} → {rows['new']}",
    }
    for name in ("added", "vanished", "changed", "rounded", "other"):
        if rows[name]:
            facts[words[name]] = str(rows[name])
    if period:
        facts[words["period"]] = f"{_civil(period['first'])} … {_civil(period['last'])}"
    if report["columns"]:
        told = ", ".join(f"{name} {count}" for name, count in report["columns"].items())
        facts[words["columns"]] = told
    return facts


def _measures(
    measures: Mapping[str, Mapping[str, Any]], words: Mapping[str, str], language: str
) -> Table:
    table = Table(words["measure"], box=None, header_style="bold")
    for name in (*_COUNTS, "largest", "largest_relative"):
        table.add_column(words[name], justify="right")
    for measure, tally in measures.items():
        most, relative = tally["largest"], tally["largest_relative"]
        table.add_row(
            measure,
            *(str(tally[name]) for name in _COUNTS),
            _number(most["difference"], language) if most else "",
            _percent(relative["relative"], language) if relative else "",
        )
    return table


def _changes(
    changes: Sequence[Mapping[str, Any]], words: Mapping[str, str], language: str
) -> Table:
    places = [name for name in changes[0] if name not in (*_NOT_A_PLACE, "timestamp")]
    table = Table(title=words["changes"], title_justify="left", box=None, header_style="bold")
    for name in (words["kind"], words["measure"], words["instant"], *places):
        table.add_column(name)
    for name in ("old", "new", "difference", "relative"):
        table.add_column(words[name], justify="right")
    for change in changes:
        table.add_row(
            words[f"{change['kind']} one"],
            change["measure"] or "",
            _civil(change["timestamp"]) if change.get("timestamp") else "",
            *(str(change.get(name) or "") for name in places),
            *(_number(change[name], language) for name in ("old", "new", "difference")),
            _percent(change["relative"], language),
        )
    return table


def _problems(
    problems: Sequence[Mapping[str, Any]],
    words: Mapping[str, str],
    language: str,
    *,
    mended: bool,
) -> Table:
    title = words["mended"] if mended else None
    table = Table(title=title, title_justify="left", box=None, header_style="bold")
    for name in ("problem", "where", "expected", "found"):
        table.add_column(words[name])
    for problem in problems:
        where = problem["path"] or problem["key"] or problem["dataset"] or ""
        told = [_told(problem[name], language) for name in ("expected", "found")]
        table.add_row(Text(problem["text"][language], "green" if mended else "red"), where, *told)
    return table


def _told(value: Any, language: str) -> str:
    """A fingerprint as rows and sums; checksums and messages as they are, cut short."""
    if not isinstance(value, dict):
        return "" if value is None else str(value)[:80]
    sums = ", ".join(f"{name} {_number(total, language)}" for name, total in value["sums"].items())
    return f"{value['rows']}: {sums}" if sums else str(value["rows"])


def _facts(facts: Mapping[str, str]) -> Table:
    table = Table(show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(value))
    return table


def _civil(instant: str) -> str:
    """An ISO instant on Brasília's clock."""
    return f"{datetime.fromisoformat(instant).astimezone(brasilia()):%Y-%m-%d %H:%M}"


def _number(value: float | None, language: str) -> str:
    if value is None:
        return ""
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.10g}"
    return text.translate(str.maketrans(",.", ".,")) if language == "pt" else text


def _percent(value: float | None, language: str) -> str:
    return "" if value is None else f"{_number(round(100 * value, 2), language)} %"
