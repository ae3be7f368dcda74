"""The flagged stretches of a file as an SVG: one strip per series, time from left to right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from typing import Any

_WIDTH, _LABEL, _STRIP, _AXIS = 960, 260, 22, 24
_MAX_STRIPS = 40
_THINNEST = 2.0
_MAX_TICKS = 13
_TICK_ROOM = 48
_LONGEST_LABEL = 36


@dataclass(frozen=True)
class Picture:
    """The drawing, which flags it has, and how many of the flagged series it shows."""

    svg: str
    flags: tuple[str, ...]
    shown: int
    total: int


@dataclass(frozen=True)
class _Scale:
    start: datetime
    end: datetime

    def x(self, moment: datetime) -> float:
        span = (self.end - self.start).total_seconds()
        return _LABEL + (_WIDTH - _LABEL) * (moment - self.start).total_seconds() / span


def picture(report: Mapping[str, Any], words: Mapping[str, Mapping[str, str]]) -> Picture | None:
    """Draw the stretches and gaps of a report; None without a period or without any.

    `words` has each flag's name in both languages and its `colour`. Series come in the order of
    the report; at most forty are drawn.
    """
    strips = _strips(report)
    if not report.get("period") or not strips:
        return None
    first, last = report["period"]
    scale = _Scale(_moment(first), _end(last))
    shown = list(strips.items())[:_MAX_STRIPS]
    height = _AXIS + _STRIP * len(shown)
    lines = [
        _strip(row, name, stretches, scale, words) for row, (name, stretches) in enumerate(shown)
    ]
    used = {item["flag"] for _, stretches in shown for item in stretches}
    svg = (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="pic-title">'
        f'<title id="pic-title">{escape(str(report.get("file", "")))}: {escape(_short(first))} – '
        f"{escape(_short(last))}</title>{_axis(scale, height)}{''.join(lines)}</svg>"
    )
    flags = tuple(flag for flag in words if flag in used)
    return Picture(svg, flags, len(shown), len(strips))


def _strips(report: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """Stretches by series, in the report's order; gaps come last."""
    gaps = (report.get("completeness") or {}).get("gaps", [])
    found: dict[str, list[Mapping[str, Any]]] = {}
    for item in (*report.get("stretches", []), *({**gap, "flag": "absent"} for gap in gaps)):
        name = " · ".join(str(item[part]) for part in ("entity", "column") if item.get(part))
        found.setdefault(name, []).append(item)
    return found


def _strip(
    row: int,
    name: str,
    stretches: Sequence[Mapping[str, Any]],
    scale: _Scale,
    words: Mapping[str, Mapping[str, str]],
) -> str:
    top = _AXIS + row * _STRIP
    label = name if len(name) <= _LONGEST_LABEL else name[: _LONGEST_LABEL - 1] + "…"
    bars = "".join(_bar(item, top, scale, words) for item in reversed(stretches))
    return (
        f'<text x="0" y="{top + 14}">{escape(label)}</text>'
        f'<rect x="{_LABEL}" y="{top + 3}" width="{_WIDTH - _LABEL}" height="{_STRIP - 6}" '
        f'fill="#e8edf1"/>{bars}'
    )


def _bar(
    item: Mapping[str, Any], top: int, scale: _Scale, words: Mapping[str, Mapping[str, str]]
) -> str:
    word = words[item["flag"]]
    begin, end = scale.x(_moment(item["first"])), scale.x(_end(item["last"]))
    width = max(end - begin, _THINNEST)
    when = f"{_short(item['first'])} – {_short(item['last'])}"
    said = f"{word['pt']} / {word['en']}: {when} ({item['count']})"
    return (
        f'<rect x="{min(begin, _WIDTH - width):.1f}" y="{top + 3}" width="{width:.1f}" '
        f'height="{_STRIP - 6}" fill="{word["colour"]}"><title>{escape(said)}</title></rect>'
    )


def _axis(scale: _Scale, height: int) -> str:
    ticks = "".join(
        f'<line x1="{scale.x(at):.1f}" y1="{_AXIS - 4}" x2="{scale.x(at):.1f}" y2="{height}" '
        f'stroke="#9aa7b2"/>{_tick_label(scale.x(at), text)}'
        for at, text in _ticks(scale)
    )
    return f"<g>{ticks}</g>"


def _tick_label(x: float, text: str) -> str:
    """None where it would be cut off."""
    return f'<text x="{x + 3:.1f}" y="12">{text}</text>' if x <= _WIDTH - _TICK_ROOM else ""


def _ticks(scale: _Scale) -> list[tuple[datetime, str]]:
    """Years, months or days, about a dozen."""
    for months, form in ((0, "%m-%d"), (1, "%Y-%m"), (12, "%Y")):
        ticks = _firsts(scale, months)
        if ticks and len(ticks) <= _MAX_TICKS:
            return [(at, at.strftime(form)) for at in ticks]
    ticks = _firsts(scale, 12)
    if not ticks:
        return [(scale.start, scale.start.date().isoformat())]
    return [(at, at.strftime("%Y")) for at in ticks[:: -(-len(ticks) // _MAX_TICKS)]]


def _firsts(scale: _Scale, months: int) -> list[datetime]:
    """Midnights (0), firsts of months (1) or New Years (12) within the scale."""
    at = scale.start.replace(hour=0, minute=0, second=0)
    if months:
        at = at.replace(day=1, month=at.month if months == 1 else 1)
    found = []
    while at < scale.end:
        if at >= scale.start:
            found.append(at)
        if not months:
            at += timedelta(days=1)
        else:
            following = at.month - 1 + months
            at = at.replace(year=at.year + following // 12, month=following % 12 + 1)
        if len(found) > 100 * _MAX_TICKS:
            break
    return found


def _moment(text: str) -> datetime:
    """What Brasília's clock showed."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def _end(text: str) -> datetime:
    """A day ends with its night, an instant an hour later: near enough for a picture."""
    return _moment(text) + (
        timedelta(days=1) if len(text) == len("2023-01-01") else timedelta(hours=1)
    )


def _short(text: str) -> str:
    return text[:16].replace("T", " ")
