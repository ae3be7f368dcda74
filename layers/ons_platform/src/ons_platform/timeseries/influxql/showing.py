"""SHOW of InfluxQL: what the store holds, never what it is or who uses it."""

from __future__ import annotations

from ons_platform.timeseries.influxql.expressions import expression, regex
from ons_platform.timeseries.influxql.sources import measurement, page
from ons_platform.timeseries.influxql.stream import Stream
from ons_platform.timeseries.influxql.tree import Measurement, Regex, Show
from ons_platform.timeseries.points import BUCKETS

Key = tuple[str, tuple[str | Regex, ...]]
_SHOWN = (
    (("measurements",), "MEASUREMENTS"),
    (("tag", "keys"), "TAG KEYS"),
    (("tag", "values", "cardinality"), "TAG VALUES CARDINALITY"),
    (("tag", "values", "exact", "cardinality"), "TAG VALUES EXACT CARDINALITY"),
    (("tag", "values"), "TAG VALUES"),
    (("field", "keys"), "FIELD KEYS"),
    (("series",), "SERIES"),
    (("tag", "key", "cardinality"), "TAG KEY CARDINALITY"),
    (("tag", "key", "exact", "cardinality"), "TAG KEY EXACT CARDINALITY"),
    (("field", "key", "cardinality"), "FIELD KEY CARDINALITY"),
    (("field", "key", "exact", "cardinality"), "FIELD KEY EXACT CARDINALITY"),
)
_MISSING = {("series",), ("measurement",), ("series", "exact"), ("measurement", "exact")}


def show(words: Stream) -> Show:
    """Read a SHOW of measurements, keys, values or series; any other is refused."""
    offset = words.now.offset
    words.expect("show")
    for said in _MISSING:
        if words.found(*said, "cardinality"):
            words.fail("InfluxDB 2 does not count these; SHOW SERIES lists them.", offset)
    what = _what(words)
    database = words.name("a database") if words.found("on") else None
    key = _measured(words) if what == "MEASUREMENTS" else None
    sources = _from(words) if words.found("from") else ()
    if what.startswith("TAG VALUES"):
        key = _keys(words)
    where = expression(words) if words.found("where") else None
    _ordered(words)
    counted = page(words, series=what in ("TAG KEYS", "FIELD KEYS"))
    return Show(what, database, sources, key, where, counted, offset)


def _what(words: Stream) -> str:
    if words.now.word == "databases":
        words.fail(f"The databases are {', '.join(BUCKETS)}; energy_data reads all of them.")
    what = next((what for said, what in _SHOWN if words.found(*said)), None)
    if what is None:
        words.fail(
            "SHOW tells of MEASUREMENTS, TAG KEYS, TAG VALUES, FIELD KEYS, SERIES and the "
            "CARDINALITY of keys and values."
        )
    return what


def _from(words: Stream) -> tuple[Measurement, ...]:
    found = [measurement(words)]
    while words.found(","):
        found.append(measurement(words))
    return tuple(found)


def _measured(words: Stream) -> Key | None:
    if not words.found("with"):
        return None
    words.expect("measurement")
    return _compared(words, ("=", "=~"))


def _keys(words: Stream) -> Key:
    words.expect("with", "key")
    if not words.found("in"):
        return _compared(words, ("=", "!=", "<>", "=~", "!~"))
    words.expect("(")
    names: list[str | Regex] = [words.name("a tag")]
    while words.found(","):
        names.append(words.name("a tag"))
    words.expect(")")
    return "IN", tuple(names)


def _compared(words: Stream, signs: tuple[str, ...]) -> Key:
    if words.now.word not in signs:
        words.fail(f"Expected one of {' '.join(signs)}, found {words.now.shown}.")
    sign = words.take().text
    if "~" not in sign:
        return sign, (words.name("a tag or measurement"),)
    return sign, (regex(words),)


def _ordered(words: Stream) -> None:
    """ORDER BY changes nothing here: names come in alphabetical order."""
    if words.found("order"):
        words.expect("by")
        if words.now.word not in ("asc", "desc"):
            words.name("a column")
        if words.now.word in ("asc", "desc"):
            words.take()
