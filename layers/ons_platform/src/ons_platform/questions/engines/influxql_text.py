"""InfluxQL in pieces: names and texts that cannot end early, instants, numbers, conditions.

Values are written into the text. One ends at the first quote that no backslash precedes: quote,
backslash and line break are escaped, and what InfluxQL's scanner cannot hold is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ons_platform.questions.engines.notrenderable import NotRenderable
from ons_platform.timeseries.instants import rfc3339

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def name(text: str) -> str:
    """An identifier: a field, tag, measurement or bucket."""
    return f'"{_escaped(text, chr(34))}"'


def literal(text: str) -> str:
    """A text to compare a tag with."""
    return f"'{_escaped(text, chr(39))}'"


def number(value: float) -> str:
    """A number in plain digits: InfluxQL knows no exponents, no infinity and no NaN."""
    digits = Decimal(repr(float(value)))
    if not digits.is_finite():
        raise NotRenderable(f"InfluxQL cannot write {value!r}")
    return f"{digits:f}"


def instant(moment: datetime) -> str:
    """An aware instant in UTC, to the microsecond if it has any."""
    return f"'{rfc3339(moment)}'"


def within(start: datetime, end: datetime) -> str:
    """Of the half-open stretch."""
    return f"time >= {instant(start)} AND time < {instant(end)}"


def one_of(tag: str, values: Iterable[str]) -> str:
    """A tag that has one of the values."""
    tests = [f"{name(tag)} = {literal(value)}" for value in values]
    return tests[0] if len(tests) == 1 else f"({' OR '.join(tests)})"


def to_instant(microseconds: int) -> datetime:
    """The aware UTC instant of a `time` in an answer."""
    return _EPOCH + _MICROSECOND * microseconds


def _escaped(text: str, quote: str) -> str:
    """The scanner takes NUL for the end of the query and a carriage return for a line break."""
    if any((char < " " and char != "\n") or "\ud800" <= char <= "\udfff" for char in text):
        raise NotRenderable("InfluxQL cannot write control characters")
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace(quote, f"\\{quote}")
