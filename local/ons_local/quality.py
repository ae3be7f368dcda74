"""`ons quality`: the report of one file, or the score of all, in Portuguese or English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ons_local.client import Client
from ons_local.display import told
from ons_platform.errors import InvalidRequest, NotFound

Language = Literal["pt", "en"]

_LISTED = 1000
_SHOWN = 20
_GOOD, _FAIR = 0.999, 0.95
_WORDS: dict[str, dict[Language, str]] = {
    "score": {"pt": "sem ressalva", "en": "without remark"},
    "file": {"pt": "arquivo", "en": "file"},
    "status": {"pt": "situação", "en": "status"},
    "dataset": {"pt": "conjunto", "en": "dataset"},
    "period": {"pt": "período", "en": "period"},
    "values": {"pt": "valores", "en": "values"},
    "flags": {"pt": "marcas", "en": "flags"},
    "complete": {"pt": "completude", "en": "completeness"},
    "steps": {
        "pt": "{absent} de {expected} passos sem linha",
        "en": "{absent} of {expected} steps without a row",
    },
    "what": {"pt": "achado", "en": "finding"},
    "column": {"pt": "coluna", "en": "column"},
    "where": {"pt": "onde", "en": "where"},
    "more": {"pt": "e mais {count}", "en": "and {count} more"},
    "reason": {"pt": "motivo", "en": "reason"},
    "not_applied": {"pt": "regras não aplicadas", "en": "rules not applied"},
    "clean": {"pt": "Nenhum achado.", "en": "Nothing was found."},
}  # fmt: skip


def find_key(client: Client, text: str) -> str:
    """The key that `text` is, ends or is a unique part of, letter case aside.

    Raises `NotFound` or, when several keys fit, `InvalidRequest` with some of them.
    """
    keys = list(dict.fromkeys(str(entry["version"]["key"]) for entry in _objects(client)))
    wanted = text.casefold()
    ends = [key for key in keys if key.casefold().endswith(f"/{wanted}")]
    holds = [key for key in keys if wanted in key.casefold()]
    for found in ([key for key in keys if key == text], ends, holds):
        if len(found) == 1:
            return found[0]
        if found:
            some = ", ".join(found[:5])
            raise InvalidRequest(f"{text!r} fits {len(found)} files: {some}. Name one of them.")
    raise NotFound(f"No object {text!r} was received; `ons quality` lists those that were.")


def quality_of(client: Client, key: str) -> dict[str, Any]:
    """The report of the newest version of an object, with its status and, if refused, why."""
    return dict(client.get(client.object_path(key, "quality")))


def quality_of_all(client: Client) -> list[dict[str, Any]]:
    """Score and flags of every file, newest first."""
    return list(client.get("/quality", limit=_LISTED)["files"])


def write_page(client: Client, key: str, path: Path, language: Language) -> None:
    """Write the report's page, self-contained, to a file."""
    page = client.get_for_text(
        client.object_path(key, "quality"), format="html", language=language
    ).text
    path.write_text(page, "utf-8")


def table_of_all(files: Sequence[Mapping[str, Any]], language: Language) -> Table:
    """One line a file."""
    table = Table(header_style="bold")
    for name in ("score", "values"):
        table.add_column(_say(name, language), justify="right")
    for name in ("file", "dataset", "flags"):
        table.add_column(_say(name, language), overflow="fold")
    for item in files:
        table.add_row(
            _score(item["score"], item["status"]),
            f"{item['rows_written']:,}",
            item["key"],
            item["dataset"] or "",
            told(item["reason"], language) or _flags(item["flags"]),
        )
    return table


def report_of_one(item: Mapping[str, Any], language: Language) -> RenderableType:
    """Figures, findings and remarks of a file; of a refused one the reason."""
    report = item["report"]
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column(overflow="fold")
    for name, value in _facts(item, language).items():
        facts.add_row(_say(name, language), value)
    if not report:
        return facts
    parts: list[RenderableType] = [facts, Text("")]
    parts.append(_findings(report, language) if report["findings"] else _say("clean", language))
    parts += [Text(f"· {warning[language]}") for warning in report["warnings"]]
    return Group(*parts)


def _facts(item: Mapping[str, Any], language: Language) -> dict[str, RenderableType]:
    report = item["report"] or {}
    facts: dict[str, RenderableType] = {
        "file": Text(item["key"], "bold"),
        "status": item["status"],
        "reason": Text(told(item["reason"], language), "red"),
        "dataset": item["dataset"] or "",
        "period": " – ".join(report.get("period") or []),
        "score": _score(item["score"], item["status"]) if report else "",
        "values": f"{item['rows_written']:,}" if report else "",
        "flags": _flags(item["flags"]),
        "complete": _completeness(report.get("completeness"), language),
        "not_applied": ", ".join(r["rule"] for r in report.get("rules", []) if not r["applied"]),
    }
    return {name: value for name, value in facts.items() if str(value)}


def _findings(report: Mapping[str, Any], language: Language) -> Table:
    table = Table(header_style="bold")
    table.add_column(_say("what", language), overflow="fold", ratio=3)
    table.add_column(_say("column", language), overflow="fold", ratio=1)
    table.add_column(_say("where", language), overflow="fold", ratio=2)
    for finding in report["findings"]:
        table.add_row(finding[language], finding["column"], _where(finding, language))
    return table


def _where(finding: Mapping[str, Any], language: Language) -> str:
    """The first stretches, else the first rows."""
    lines = [
        f"{item['entity']}: {_short(item['first'])} – {_short(item['last'])} ({item['count']})"
        for item in finding["stretches"][:3]
    ]
    hidden = finding["stretches_total"] - len(lines)
    if not lines:
        places = finding["places"][:3]
        lines = [f"{place['column']} {place['row']}: {place['value']}" for place in places]
        hidden = finding["count"] - len(places) if places else 0
    if hidden > 0:
        lines.append(_say("more", language).format(count=hidden))
    return "\n".join(lines)


def _completeness(found: Mapping[str, Any] | None, language: Language) -> str:
    if not found:
        return ""
    absent, expected = f"{found['absent']:,}", f"{found['expected']:,}"
    steps = _say("steps", language).format(absent=absent, expected=expected)
    return f"{_percent(found['share'])} ({steps})"


def _flags(flags: Mapping[str, int]) -> str:
    return ", ".join(f"{flag} {count:,}" for flag, count in flags.items() if flag != "ok")


def _score(score: float | None, status: str) -> Text:
    if score is None:
        return Text(status, "bold red" if status == "failed" else "dim")
    style = "green" if score >= _GOOD else "yellow" if score >= _FAIR else "red"
    return Text(_percent(score), style)


def _percent(share: float) -> str:
    """Never rounded up to a hundred."""
    return f"{int(share * 10_000) / 100:.2f} %"


def _short(instant: str) -> str:
    return instant[:16].replace("T", " ")


def _say(name: str, language: Language) -> str:
    return _WORDS[name][language]


def _objects(client: Client) -> list[dict[str, Any]]:
    return list(client.get("/objects", limit=_LISTED)["objects"])
