"""Cells to numbers, instants and texts: what is typed passes, what is text is read tolerantly.

Tolerant numbers: outer blanks, `1.234,56`, `1,234.56`, `0E-8`. Tolerant dates: ISO 8601,
`2023/01/31`, `31/01/2023`, `31-01-2023`, `20230131`, each with or without hours, minutes, seconds.
Empty means null; what cannot be read becomes null and is counted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.lake.civil import to_local

ARROW_TYPES = {"number": pa.float64(), "instant": pa.timestamp("s"), "date": pa.timestamp("s")}

_BRAZILIAN = r"^[+-]?(\d{1,3}(\.\d{3})+|\d+),\d+$"
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_BRAZILIAN_ANY = r"^[+-]?(\d{1,3}(\.\d{3})+(,\d*)?|\d*,\d+|\d+,|\d+)$"
_AMERICAN = r"^[+-]?\d{1,3}(,\d{3})+\.\d*$"
_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(.*)", re.DOTALL)
_YEAR_FIRST = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(.*)", re.DOTALL)
_TIME = re.compile(r"[ T]*(?:(\d{1,2})(?::(\d{2}))?(?::(\d{2})(?:[.,]\d+)?)?)?")

Clock = Literal["civil", "utc"]
"""Whose clock readings are given in: Brasília's, or UTC."""
Mask = NDArray[np.bool_]
Instants = NDArray[np.datetime64]


@dataclass(frozen=True)
class Numbers:
    """`values` is float64 with nulls, always finite; `invalid` marks cells that were no number."""

    values: pa.Array
    invalid: Mask | None


@dataclass(frozen=True)
class Moments:
    """`values` are readings (`NaT` where there is none); `invalid` marks unreadable cells."""

    values: Instants
    invalid: Mask | None


@dataclass
class NumberReader:
    """Reads the batches of one number column; once a decimal comma was seen, dots are thousands."""

    decimal_comma: bool = False

    def read(self, cells: pa.Array) -> Numbers:
        """Numbers of a batch of cells of any type."""
        if pa.types.is_dictionary(cells.type):
            cells = cells.dictionary_decode()
        if _is_text(cells.type):
            return self._read_text(cells)
        if not _is_number(cells.type):
            return Numbers(pa.nulls(len(cells), pa.float64()), _filled(cells))
        return _finite(pc.cast(cells, pa.float64(), safe=False))

    def _read_text(self, cells: pa.Array) -> Numbers:
        text = pc.utf8_trim_whitespace(pc.cast(cells, pa.string()))
        text = pc.if_else(pc.is_in(text, _NULL_TEXTS), pa.scalar(None, pa.string()), text)
        commas = pc.match_substring_regex(text, _BRAZILIAN)
        self.decimal_comma = self.decimal_comma or bool(pc.any(commas).as_py())
        if self.decimal_comma:
            brazilian = pc.match_substring_regex(text, _BRAZILIAN_ANY)
            text = pc.if_else(brazilian, _dotted(text, thousands=".", decimal=","), text)
        american = pc.match_substring_regex(text, _AMERICAN)
        if pc.any(american).as_py():
            text = pc.if_else(american, _dotted(text, thousands=",", decimal="."), text)
        plain = pc.match_substring_regex(text, _PLAIN)
        values = pc.cast(pc.if_else(plain, text, pa.scalar(None, pa.string())), pa.float64())
        invalid = _mask(pc.invert(plain))
        numbers = _finite(values)
        return Numbers(numbers.values, _either(invalid, numbers.invalid))


@dataclass
class MomentReader:
    """Reads the batches of one date or instant column; every different text is read once.

    Instants with a zone are turned to the clock; those without are readings of it already.
    """

    clock: Clock = "civil"
    _seen: dict[str, np.datetime64 | None] = field(default_factory=dict)

    def read(self, cells: pa.Array) -> Moments:
        """Readings of a batch of cells of any type."""
        if _is_text(cells.type):
            cells = pc.cast(cells, pa.string()).dictionary_encode()
        if pa.types.is_dictionary(cells.type):
            return self._read_text(cells)
        if not pa.types.is_temporal(cells.type) or pa.types.is_time(cells.type):
            return Moments(np.full(len(cells), "NaT", "datetime64[s]"), _filled(cells))
        zoned = pa.types.is_timestamp(cells.type) and cells.type.tz is not None
        plain = pc.cast(pc.cast(cells, pa.timestamp("us")), pa.timestamp("s"), safe=False)
        values = plain.to_numpy(zero_copy_only=False).astype("datetime64[s]")
        return Moments(_on(values, self.clock) if zoned else values, None)

    def _read_text(self, cells: pa.DictionaryArray) -> Moments:
        texts = cells.dictionary.to_pylist()
        for text in texts:
            if text not in self._seen:
                self._seen[text] = parse_moment(text, self.clock)
        table = [self._seen[text] for text in texts]
        pairs = zip(table, texts, strict=True)
        unreadable = np.array(
            [found is None and bool(text.strip()) for found, text in pairs] + [False]
        )
        moments = np.array(
            [np.datetime64("NaT") if moment is None else moment for moment in table]
            + [np.datetime64("NaT")],
            "datetime64[s]",
        )
        indices = pc.fill_null(cells.indices, len(texts)).to_numpy(zero_copy_only=False)
        invalid = unreadable[indices]
        return Moments(moments[indices], invalid if invalid.any() else None)


def parse_moment(text: str, clock: Clock = "civil") -> np.datetime64 | None:
    """The reading a text says, or None. Text with a UTC offset is turned to the clock."""
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _parse_other(text)
    if moment.tzinfo is None:
        return np.datetime64(moment, "s")
    utc = np.array([np.datetime64(int(moment.timestamp()), "s")])
    reading: np.datetime64 = _on(utc, clock)[0]
    return reading


def _on(utc: Instants, clock: Clock) -> Instants:
    return to_local(utc) if clock == "civil" else utc


def has_decimal_comma(text: str) -> bool:
    """Whether a cell is a number written as in Brazil, with digits behind a comma."""
    return re.match(_BRAZILIAN, text) is not None


def text_of(cells: pa.Array) -> pa.DictionaryArray:
    """Cells as dictionary-encoded text, untrimmed; numbers and dates in their shortest form."""
    if pa.types.is_dictionary(cells.type):
        if cells.type.index_type == pa.int32() and cells.dictionary.type == pa.string():
            return cells
        cells = cells.dictionary_decode()
    return pc.cast(cells, pa.string()).dictionary_encode()


def shown(cells: pa.Array, index: int) -> str:
    """One cell as text for a report."""
    value: Any = cells[index].as_py()
    return "" if value is None else str(value)[:100]


_NULL_TEXTS = pa.array(["", "NULL", "null", "NaN", "nan"])


def _parse_other(text: str) -> np.datetime64 | None:
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year, rest = match.groups()
    elif match := _YEAR_FIRST.fullmatch(text):
        year, month, day, rest = match.groups()
    else:
        return None
    time = _TIME.fullmatch(rest)
    if time is None:
        return None
    hour, minute, second = (int(part or 0) for part in time.groups())
    try:
        moment = datetime(int(year), int(month), int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None
    return np.datetime64(moment, "s")


def _dotted(text: pa.Array, *, thousands: str, decimal: str) -> pa.Array:
    without = pc.replace_substring(text, thousands, "")
    return without if decimal == "." else pc.replace_substring(without, decimal, ".")


def _finite(values: pa.Array) -> Numbers:
    """NaN is no value; an infinity is no number either, but one that was written."""
    if pc.all(pc.is_finite(values), min_count=0).as_py():
        return Numbers(values, None)
    invalid = _mask(pc.is_inf(values))
    finite = pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))
    return Numbers(finite, invalid)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_number(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind))


def _filled(cells: pa.Array) -> Mask | None:
    return _mask(pc.is_valid(cells))


def _mask(flags: pa.Array) -> Mask | None:
    """A numpy mask, null meaning no; None when nothing is marked."""
    if not pc.any(flags).as_py():
        return None
    mask: Mask = pc.fill_null(flags, False).to_numpy(zero_copy_only=False)
    return mask


def _either(one: Mask | None, other: Mask | None) -> Mask | None:
    if one is None or other is None:
        return other if one is None else one
    return one | other
