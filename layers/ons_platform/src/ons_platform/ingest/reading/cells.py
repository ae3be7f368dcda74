"""Cells to numbers, instants and texts: what is typed passes, what is text is read tolerantly.

Tolerant numbers: outer blanks, `1.234,56`, `1,234.56`, `0E-8`. What can be read in two ways
(`1.234`) is read as the rest of its column is written, and not at all where that is inconsistent.
Empty means null; what cannot be read becomes null and is counted. Texts of dates: `dates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ons_platform.ingest.reading.dates import (
    Clock,
    Manner,
    Written,
    on_clock,
    usual_manner,
    written,
)
from ons_platform.ingest.reading.source import Decimal

ARROW_TYPES = {"number": pa.float64(), "instant": pa.timestamp("s"), "date": pa.timestamp("s")}

_GROUPED = r"\d{1,3}(?:\.\d{3})+"
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WITH_COMMA = rf"^[+-]?({_GROUPED}|\d+),\d+$"
_WITH_POINT = r"^[+-]?(\d+\.(\d{1,2}|\d{4,})|(\d{4,}|0)\.\d{3}|\d{1,3}(,\d{3})+\.\d*)$"
_EITHER = rf"^[+-]?{_GROUPED}$"
_BRAZILIAN = rf"^[+-]?({_GROUPED}(,\d*)?|\d*,\d+|\d+,|\d+)$"
_SURELY_BRAZILIAN = (
    rf"^[+-]?({_GROUPED},\d+|\d+,(\d{{1,2}}|\d{{4,}})|(\d{{4,}}|0),\d{{3}}"
    r"|\d{1,3}(\.\d{3}){2,})$"
)
_SCALE = 5
_BLANKS = " \t\r\n\u00a0"
_AMERICAN = r"^[+-]?\d{1,3}(,\d{3})+\.\d*$"

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
    """Reads the batches of one number column; the first that shows how decides what `1.234` is."""

    decimal: Decimal | None = None

    def read(self, cells: pa.Array, decimal: Decimal | None = None) -> Numbers:
        """Numbers of a batch of cells of any type; `decimal` is what the reader of the file saw."""
        self.decimal = self.decimal or decimal
        if pa.types.is_dictionary(cells.type):
            cells = cells.dictionary_decode()
        if _is_text(cells.type):
            return self._read_text(cells)
        if not _is_number(cells.type):
            return Numbers(pa.nulls(len(cells), pa.float64()), _filled(cells))
        if pa.types.is_decimal(cells.type):
            cells = pc.cast(cells, pa.string())  # by way of text every digit counts
        return _finite(pc.cast(cells, pa.float64(), safe=False))

    def _read_text(self, cells: pa.Array) -> Numbers:
        text = trimmed(cells)
        shown_here = decimal_of(text)
        self.decimal = self.decimal or shown_here
        unsure = None
        contradicted = shown_here == "," if self.decimal == "." else _count(text, _WITH_POINT)
        if contradicted and self.decimal is not None:
            unsure = pc.match_substring_regex(text, _EITHER)
        if self.decimal == "," or pc.any(pc.match_substring(text, ",")).as_py():
            text = self._without_commas(text)
        plain = pc.match_substring_regex(text, _PLAIN)
        if unsure is not None:
            plain = pc.and_not(plain, unsure)
        values = pc.cast(pc.if_else(plain, text, pa.scalar(None, pa.string())), pa.float64())
        invalid = _mask(pc.invert(plain))
        numbers = _finite(values)
        return Numbers(numbers.values, _either(invalid, numbers.invalid))

    def _without_commas(self, text: pa.Array) -> pa.Array:
        pattern = _BRAZILIAN if self.decimal == "," else _SURELY_BRAZILIAN
        brazilian = pc.match_substring_regex(text, pattern)
        american = pc.match_substring_regex(text, _AMERICAN)
        text = pc.if_else(brazilian, _dotted(text, thousands=".", decimal=","), text)
        return pc.if_else(american, _dotted(text, thousands=",", decimal="."), text)


def decimal_of(text: pa.Array) -> Decimal | None:
    """How a column writes its fractions, by the cells that can be read in one way only.

    None where no cell has a fraction; a lone `1.234` counts as one, as ONS writes numbers.
    """
    commas = _count(text, _WITH_COMMA)
    if commas > _count(text, _WITH_POINT):
        return ","
    return "." if commas or pc.any(pc.match_substring(text, ".")).as_py() else None


def zero_led(cells: pa.Array) -> Mask | None:
    """Texts that are whole numbers beginning with a zero: `024`, what is left of `0.24`."""
    return _mask(pc.match_substring_regex(trimmed(cells), r"^[+-]?0\d+$"))


def keeps_points(text: pa.Array) -> bool:
    """Whether a column is written by a hand that leaves the point in whole numbers: `527.0`.

    Some hands do so only at times (`192.0` and `313`): numbers without a point are strange only
    where they are of another scale than the others.
    """
    if not pc.any(pc.match_substring_regex(text, r"^[+-]?\d+\.0+$")).as_py():
        return False
    without = pointless(text)
    if without is None:
        return True
    sizes = np.abs(NumberReader().read(text).values.to_numpy(zero_copy_only=False))
    others = sizes[~without & (sizes > 0)]
    return not len(others) or float(np.median(sizes[without]) / np.median(others)) > _SCALE


def pointless(cells: pa.Array) -> Mask | None:
    """Texts that are whole numbers without a point; zero is zero with or without."""
    return _mask(pc.match_substring_regex(trimmed(cells), r"^[+-]?[1-9]\d*$"))


def trimmed(cells: pa.Array) -> pa.Array:
    """Texts without outer blanks; null for every way of writing nothing.

    Control characters are no blanks: one of them in the place of a digit makes another number.
    """
    text = pc.utf8_trim(pc.cast(cells, pa.string()), _BLANKS)
    return pc.if_else(pc.is_in(text, _NULL_TEXTS), pa.scalar(None, pa.string()), text)


@dataclass
class MomentReader:
    """Reads the batches of one date or instant column; every different text is read once.

    Instants with a zone are turned to the clock; those without are readings of it already. The
    first batch shows in which manner the column is written; cells in another are unreadable.
    """

    clock: Clock = "civil"
    _manner: Manner | None = None
    _seen: dict[str, Written | None] = field(default_factory=dict)

    def read(self, cells: pa.Array) -> Moments:
        """Readings of a batch of cells of any type."""
        if _is_text(cells.type):
            cells = pc.cast(cells, pa.string()).dictionary_encode()
        if pa.types.is_dictionary(cells.type):
            return self._read_text(cells)
        if not pa.types.is_temporal(cells.type) or pa.types.is_time(cells.type):
            return Moments(np.full(len(cells), "NaT", "datetime64[s]"), _filled(cells))
        zoned = pa.types.is_timestamp(cells.type) and cells.type.tz is not None
        plain = pc.cast(cells, pa.timestamp("us"), safe=False)
        values = pc.cast(plain, pa.timestamp("s"), safe=False).to_numpy(zero_copy_only=False)
        values = values.astype("datetime64[s]")
        return Moments(on_clock(values, self.clock) if zoned else values, None)

    def _read_text(self, cells: pa.DictionaryArray) -> Moments:
        texts = cells.dictionary.to_pylist()
        for text in texts:
            if text not in self._seen:
                self._seen[text] = written(text)
        found = [self._seen[text] for text in texts]
        self._manner = self._manner or usual_manner(item for item in found if item is not None)
        table = [
            None if item is None or item.manner != self._manner else item.reading(self.clock)
            for item in found
        ]
        pairs = zip(table, texts, strict=True)
        unreadable = np.array(
            [moment is None and bool(text.strip()) for moment, text in pairs] + [False]
        )
        moments = np.array(
            [np.datetime64("NaT") if moment is None else moment for moment in table]
            + [np.datetime64("NaT")],
            "datetime64[s]",
        )
        indices = pc.fill_null(cells.indices, len(texts)).to_numpy(zero_copy_only=False)
        invalid = unreadable[indices]
        return Moments(moments[indices], invalid if invalid.any() else None)


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


def _dotted(text: pa.Array, *, thousands: str, decimal: str) -> pa.Array:
    without = pc.replace_substring(text, thousands, "")
    return without if decimal == "." else pc.replace_substring(without, decimal, ".")


def _count(text: pa.Array, pattern: str) -> int:
    return pc.sum(pc.match_substring_regex(text, pattern)).as_py() or 0


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
