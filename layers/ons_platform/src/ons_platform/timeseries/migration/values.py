"""What a result of Timestream says, as Python values.

Timestream sends every scalar as text: numbers as `1.4E7`, instants as
`2024-01-01 00:00:00.000000000` in UTC and without a zone. Instants become whole nanoseconds since
1970 UTC, for `datetime` knows microseconds only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from ons_platform.errors import MalformedFile

NANOSECONDS = 1_000_000_000
Json = Mapping[str, Any]
Read = Callable[[Json], Any]


def readers(columns: Sequence[Json]) -> list[Read]:
    """For each of `ColumnInfo` what turns a datum of it into a value; made once per result."""
    return [_reader(column["Type"]) for column in columns]


@lru_cache(maxsize=4096)
def nanoseconds(text: str) -> int:
    """An instant of Timestream; raises `MalformedFile` for what is none.

    Rows come in the order of time, many of the same instant: the last few thousand are remembered.
    """
    whole, _, fraction = text.partition(".")
    try:
        seconds = datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp()
        return int(seconds) * NANOSECONDS + int(fraction.ljust(9, "0")[:9] or 0)
    except ValueError as error:
        raise MalformedFile(f"{text!r} is no instant of Timestream") from error


def instant_text(at: int) -> str:
    """The text of nanoseconds since 1970, as Timestream writes it."""
    seconds, rest = divmod(at, NANOSECONDS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest:09d}"


def _reader(kind: Json) -> Read:
    """A null of any type is None; nested values are lists and dicts of the same."""
    if "ScalarType" in kind:
        return _scalar(_SCALARS.get(str(kind["ScalarType"]), str))
    if "ArrayColumnInfo" in kind:
        return _array(_reader(kind["ArrayColumnInfo"]["Type"]))
    if "TimeSeriesMeasureValueColumnInfo" in kind:
        return _series(_reader(kind["TimeSeriesMeasureValueColumnInfo"]["Type"]))
    if "RowColumnInfo" in kind:
        return _row(kind["RowColumnInfo"])
    raise MalformedFile(f"a column of the type {sorted(kind)} is not known")


def _scalar(convert: Callable[[str], Any]) -> Read:
    def read(datum: Json) -> Any:
        text = datum.get("ScalarValue")
        return None if text is None else convert(text)

    return read


def _array(item: Read) -> Read:
    def read(datum: Json) -> Any:
        found = datum.get("ArrayValue")
        return None if found is None else [item(value) for value in found]

    return read


def _series(value: Read) -> Read:
    """Pairs of instant and value."""

    def read(datum: Json) -> Any:
        found = datum.get("TimeSeriesValue")
        if found is None:
            return None
        return [(nanoseconds(point["Time"]), value(point["Value"])) for point in found]

    return read


def _row(columns: Sequence[Json]) -> Read:
    names, parts = [column.get("Name") for column in columns], readers(columns)

    def read(datum: Json) -> Any:
        found = datum.get("RowValue")
        if found is None:
            return None
        listed = zip(names, parts, found["Data"], strict=True)
        return {name or str(place): part(d) for place, (name, part, d) in enumerate(listed)}

    return read


def _boolean(text: str) -> bool:
    return text.casefold() == "true"


_SCALARS: dict[str, Callable[[str], Any]] = {
    "BIGINT": int,
    "INTEGER": int,
    "DOUBLE": float,
    "BOOLEAN": _boolean,
    "TIMESTAMP": nanoseconds,
}
