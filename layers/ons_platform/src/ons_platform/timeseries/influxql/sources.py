"""Parts that SELECT and SHOW share: measurements behind FROM, and pages of the result."""

from __future__ import annotations

from ons_platform.timeseries.influxql.expressions import regex
from ons_platform.timeseries.influxql.stream import Stream
from ons_platform.timeseries.influxql.tree import Measurement, Page, Regex


def measurement(words: Stream) -> Measurement:
    """Read `m`, `policy.m`, `database.policy.m` or `database..m`."""
    offset = words.now.offset
    parts: list[str | Regex | None] = [_part(words)]
    while words.found("."):
        if len(parts) == 3 or isinstance(parts[-1], Regex):
            words.fail("A measurement is named database.policy.measurement.")
        parts.append(None if words.now.text == "." else _part(words))
    named = parts.pop()
    database, policy = [None] * (2 - len(parts)) + parts
    if named is None or isinstance(database, Regex) or isinstance(policy, Regex):
        words.fail("A measurement is named database.policy.measurement.", offset)
    return Measurement(database, policy, named, offset)


def page(words: Stream, *, series: bool) -> Page:
    """Read LIMIT and OFFSET, and with `series` SLIMIT and SOFFSET, in this order."""
    limit = _count(words, "limit")
    offset = _count(words, "offset")
    if not series:
        return Page(limit, offset)
    return Page(limit, offset, _count(words, "slimit"), _count(words, "soffset"))


def _part(words: Stream) -> str | Regex:
    return regex(words) if words.now.kind == "regex" else words.name("a measurement")


def _count(words: Stream, word: str) -> int:
    return words.whole(word.upper()) if words.found(word) else 0
