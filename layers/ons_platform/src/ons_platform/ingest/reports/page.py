"""A quality report as one page for people: no script, both languages, the flags as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Any, Literal

import yaml

from ons_platform.ingest.reports.picture import picture

Language = Literal["pt", "en"]
_MAX_LISTED = 100
_MAX_PLACES = 5
_WHOLE = {"identity": ("*",)}
"""Counts of rows that are told column by column as well."""
_TAGS = {"pt": "pt-BR", "en": "en"}


def report_page(report: Mapping[str, Any], language: Language = "pt") -> str:
    """The page of a report as `process` writes it, or of a file without one.

    It opens in `language` and can be switched to the other. Everything the file brought is
    escaped. A file that was refused has `reason` (its `message` and `message_pt`) and no figures.
    """
    words = page_words()
    if "rows_read" in report:
        parts = [_head, _picture, _findings, _completeness, _remarks, _stretches, _rules]
        body = "\n".join(filter(None, (part(report) for part in parts)))
    else:
        body = _without_report(report)
    return _template().substitute(
        lang=_TAGS[language],
        title=escape(words["title"][language]),
        file=escape(str(report.get("file", ""))),
        pt_checked=" checked" if language == "pt" else "",
        en_checked=" checked" if language == "en" else "",
        body=body,
        source=_say("source"),
    )


@lru_cache(maxsize=1)
def page_words() -> dict[str, dict[str, str]]:
    """The page's own words by name and language."""
    return dict(_loaded()["texts"])


@lru_cache(maxsize=1)
def flag_words() -> dict[str, dict[str, str]]:
    """What each flag is called, by language, and its `colour`."""
    return dict(_loaded()["flags"])


def _head(report: Mapping[str, Any]) -> str:
    thing = report.get("object") or {}
    period = report.get("period") or []
    facts = {
        "dataset": escape(str(report.get("dataset", ""))),
        "object": escape(str(thing.get("key", ""))),
        "version": escape(str(thing.get("version_id", ""))),
        "period": escape(" – ".join(_short(instant) for instant in period)),
        **{
            name: _number(report[name])
            for name in ("rows_read", "rows_written", "rows_flagged", "rows_skipped")
        },
    }
    items = "".join(
        f"<div><dt>{_say(name)}</dt><dd>{value}</dd></div>"
        for name, value in facts.items()
        if value
    )
    score = report.get("score")
    figure = (
        _say("no_score") if score is None else f"{_percent(score)} <small>{_say('score')}</small>"
    )
    return f'{_title(report)}<p class="score">{figure}</p><dl>{items}</dl>'


def _picture(report: Mapping[str, Any]) -> str:
    drawn = picture(report, flag_words())
    if drawn is None:
        return "" if report.get("stretches") else f"<p>{_say('nothing')}</p>"
    key = "".join(
        f'<li><svg class="dot" viewBox="0 0 1 1" aria-hidden="true">'
        f'<rect width="1" height="1" fill="{flag_words()[flag]["colour"]}"/></svg>'
        f"{_flag(flag)}</li>"
        for flag in drawn.flags
    )
    more = ""
    if drawn.shown < drawn.total:
        more = f"<p>{_say('picture_more', shown=drawn.shown, total=drawn.total)}</p>"
    return (
        f"<h2>{_say('picture')}</h2><p>{_say('picture_note')}</p>"
        f'<ul class="key">{key}</ul>{_wide(drawn.svg, "picture")}{more}'
    )


def _findings(report: Mapping[str, Any]) -> str:
    rows = [
        (
            _both(item),
            f"<code>{escape(str(item['column']))}</code>",
            _number(item["count"]),
            _list(_place(place) for place in item.get("places", [])[:_MAX_PLACES]),
        )
        for item in report["findings"]
        if "pt" in item and item["column"] not in _WHOLE.get(item["kind"], ())
    ]
    return _section("findings", ("what", "column", "count", "places"), rows)


def _completeness(report: Mapping[str, Any]) -> str:
    found = report.get("completeness")
    if not found:
        return ""
    text = _say(
        "complete_of",
        present=_number(found["present"]),
        expected=_number(found["expected"]),
        share=_percent(found["share"]),
    )
    days = ", ".join(f"{item['day']} ({item['hours']} h)" for item in found["clock_changes"])
    odd = f"<p>{_say('clock_changes', days=days)}</p>" if days else ""
    rows = [_stretch({**gap, "flag": "absent"}) for gap in found["gaps"][:_MAX_LISTED]]
    table = _table("completeness", ("flag", "series", "first", "last", "count"), rows)
    return f"<h2>{_say('completeness')}</h2><p>{text}</p>{odd}{table}"


def _remarks(report: Mapping[str, Any]) -> str:
    if not report["warnings"]:
        return ""
    return f"<h2>{_say('remarks')}</h2>{_list(_both(item) for item in report['warnings'])}"


def _stretches(report: Mapping[str, Any]) -> str:
    found = report.get("stretches", [])
    rows = [_stretch(item) for item in found[:_MAX_LISTED]]
    hidden = report.get("stretches_total", 0) - len(rows)
    more = f"<p>{_say('more', count=_number(hidden))}</p>" if hidden > 0 else ""
    return _section("stretches", ("flag", "series", "first", "last", "count"), rows) + more


def _rules(report: Mapping[str, Any]) -> str:
    rows = [
        (
            f"<code>{escape(item['rule'])}</code>",
            _both(item),
            _say("yes" if item["applied"] else "no"),
        )
        for item in report.get("rules", [])
    ]
    return _section("rules", ("rule", "demands", "applied"), rows)


def _without_report(report: Mapping[str, Any]) -> str:
    reason = report.get("reason")
    if not reason:
        return f"{_title(report)}<p>{_say('waiting')}</p>"
    english = str(reason.get("message", ""))
    said = _both({"pt": reason.get("message_pt") or english, "en": english})
    return f"{_title(report)}<p>{_say('refused')}</p><p>{said}</p>"


def _title(report: Mapping[str, Any]) -> str:
    return f"<h1>{_say('title')}: {escape(str(report.get('file', '')))}</h1>"


def _stretch(item: Mapping[str, Any]) -> tuple[str, ...]:
    name = " · ".join(str(item[part]) for part in ("column", "entity") if item.get(part))
    return (
        _flag(item["flag"]),
        escape(name),
        escape(_short(item["first"])),
        escape(_short(item["last"])),
        _number(item["count"]),
    )


def _place(place: Mapping[str, Any]) -> str:
    instant = f", {_short(place['instant'])}" if place.get("instant") else ""
    return _say("place", row=place["row"], instant=instant, value=place["value"])


def _section(name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return f"<h2>{_say(name)}</h2>{_table(name, heads, rows)}" if rows else ""


def _table(name: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML already."""
    if not rows:
        return ""
    numeric = [' class="n"' if head == "count" else "" for head in heads]
    top = "".join(
        f'<th scope="col"{kind}>{_say(head)}</th>'
        for head, kind in zip(heads, numeric, strict=True)
    )
    lines = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{cell}</td>" for cell, kind in zip(row, numeric, strict=True))
        + "</tr>"
        for row in rows
    )
    table = f"<table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"
    return _wide(table, name)


def _wide(content: str, name: str) -> str:
    """What may be wider than a small screen scrolls by itself, by keyboard too."""
    label = " / ".join(escape(page_words()[name][language]) for language in _TAGS)
    return f'<div class="wide" role="region" tabindex="0" aria-label="{label}">{content}</div>'


def _list(items: Iterable[str]) -> str:
    lines = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{lines}</ul>" if lines else ""


def _flag(flag: str) -> str:
    return _both(flag_words().get(flag, {"pt": flag, "en": flag}))


def _say(name: str, **details: Any) -> str:
    words = page_words()[name]
    return _both({language: words[language].format(**details) for language in _TAGS})


def _both(texts: Mapping[str, str]) -> str:
    return "".join(
        f'<span lang="{tag}">{escape(texts[language])}</span>' for language, tag in _TAGS.items()
    )


def _short(instant: str) -> str:
    """Without seconds, to the minute: `2023-09-13 00:00 -03:00`; a day stays a day."""
    return f"{instant[:10]} {instant[11:16]} {instant[19:]}" if len(instant) > 10 else instant


def _number(value: int) -> str:
    """Thin spaces between thousands read the same in both languages."""
    return f"{value:,}".replace(",", "\u202f")


def _percent(share: float) -> str:
    """Never rounded up to a hundred."""
    text = f"{int(share * 10_000) / 100:.2f}".rstrip("0").rstrip(".")
    return f"{text} %"


@lru_cache(maxsize=1)
def _template() -> Template:
    return Template(_file("page.html"))


@lru_cache(maxsize=1)
def _loaded() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(_file("page.yaml"))
    return loaded


def _file(name: str) -> str:
    return files("ons_platform.ingest.reports").joinpath(name).read_text(encoding="utf-8")
