"""What functions on values give: numbers, texts, arrays, dictionaries, instants, spans."""

from __future__ import annotations

from ons_platform.timeseries.flux import limits, literals
from ons_platform.timeseries.flux.arguments import (
    function_name,
    operation,
    piped_or,
    plain_only,
    text,
    whole_number,
)
from ons_platform.timeseries.flux.errors import refuse
from ons_platform.timeseries.flux.evaluate import Arguments, Evaluator, Rule
from ons_platform.timeseries.flux.patterns import check_pattern
from ons_platform.timeseries.flux.values import (
    Closure,
    Fields,
    Items,
    Location,
    Moment,
    Plain,
    Row,
    Span,
    Table,
    Value,
    is_plain,
    letters_of,
    merged,
)


def numbers(_: Evaluator, arguments: Arguments) -> Value:
    """Anything of fixed length."""
    plain_only(arguments)
    return Plain("number")


def texts(_: Evaluator, arguments: Arguments) -> Value:
    """A text no longer than all that goes in (a number is at most 32 letters)."""
    plain_only(arguments)
    values = arguments.values.values()
    longest = max((item.size for item in values), default=1)
    return Plain("text", longest * sum(max(letters_of(item), 32) for item in values))


def _replaced(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    text_in = max(letters_of(arguments.values.get("v")), 32)
    put = letters_of(arguments.values.get("u") or arguments.values.get("t"))
    return Plain("text", (text_in + 1) * (put + 1))


def _joined(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    array = arguments.values.get("arr")
    count = array.count if isinstance(array, Items) else 1
    each = letters_of(array) + letters_of(arguments.values.get("v"))
    return Plain("text", count * each)


def _split(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    letters = letters_of(arguments.values.get("v"))
    return Items(Plain("text", letters), min(letters + 1, limits.MAX_ITEMS))


def _compiled(_: Evaluator, arguments: Arguments) -> Value:
    check_pattern(text(arguments, "v"), arguments.place("v"))
    return Plain("number")


def _places(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    return Items(Plain("number"), 2)


def _parts(_: Evaluator, arguments: Arguments) -> Value:
    """math.modf and its like: a record of numbers."""
    plain_only(arguments)
    return Row()


# -------------------------------------------------------------------- arrays, dictionaries
def _items(arguments: Arguments, *names: str) -> Items:
    value = piped_or(arguments, *names)
    if not isinstance(value, Items) or not is_plain(value):
        refuse(f"{function_name(arguments)} works on an array of values.", arguments.at)
    return value


def sized(element: Value | None, count: int, at: int) -> Items:
    """An array of that many items."""
    if count > limits.MAX_ITEMS:
        refuse(f"An array has at most {limits.MAX_ITEMS} items.", at)
    size = element.size if element else 1
    return Items(element, count, size=min(size * max(count, 1), max(size, limits.MAX_SIZE)))


def _array_from(evaluator: Evaluator, arguments: Arguments) -> Value:
    operation(evaluator, arguments)
    rows = _items(arguments, "rows")
    if rows.element is not None and not isinstance(rows.element, Fields | Row):
        refuse("array.from makes a table of records: [{_value: 1.0}].", arguments.at)
    return Table(letters=max(limits.STORED_LETTERS, letters_of(rows)))


def _array_map(evaluator: Evaluator, arguments: Arguments) -> Value:
    items = _items(arguments, "arr")
    result = _each(evaluator, arguments, items)
    return sized(result, items.count, arguments.at)


def _array_filter(evaluator: Evaluator, arguments: Arguments) -> Value:
    items = _items(arguments, "arr")
    _each(evaluator, arguments, items)
    return Items(items.element, items.count, size=items.size)


def _each(evaluator: Evaluator, arguments: Arguments, items: Items) -> Value:
    function = arguments.values.get("fn")
    if not isinstance(function, Closure):
        refuse("Write fn as a function: (x) => ...", arguments.place("fn"))
    before = evaluator.loops
    evaluator.loops *= max(items.count, 1)
    if evaluator.loops > limits.MAX_LOOPS:
        refuse(f"More than {limits.MAX_LOOPS} calls would be nested here.", arguments.at)
    given = {"x": items.element or Plain()}
    result = evaluator.in_rows(function, given, arguments.place("fn"))
    evaluator.loops = before
    return result


def _array_concat(_: Evaluator, arguments: Arguments) -> Value:
    one, other = _items(arguments, "arr"), arguments.values.get("v")
    if not isinstance(other, Items) or not is_plain(other):
        refuse("array.concat joins two arrays of values.", arguments.at)
    both = merged(Items(one.element, 0), Items(other.element, 0))
    if not isinstance(both, Items):
        refuse("The items of an array are of one type.", arguments.at)
    return sized(both.element, one.count + other.count, arguments.at)


def _array_convert(_: Evaluator, arguments: Arguments) -> Value:
    items = _items(arguments, "arr")
    return sized(Plain("", max(32, letters_of(items))), items.count, arguments.at)


def _bins(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    return sized(
        Plain("number"), whole_number(arguments, "count", limits.MAX_BINS) + 2, arguments.at
    )


def _dictionary(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    given = arguments.values.get("dict") or arguments.values.get("pairs")
    if not isinstance(given, Items):
        refuse("A dictionary is written out: [key: value].", arguments.at)
    letters = max(letters_of(item) for item in arguments.values.values())
    return sized(Plain("", letters), given.count + 1, arguments.at)


def _looked_up(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    return Row(Table(letters=max(letters_of(item) for item in arguments.values.values())))


# -------------------------------------------------------------------- instants and spans
def now(evaluator: Evaluator, arguments: Arguments) -> Value:
    """The instant at which the query was sent."""
    del arguments
    return Moment(evaluator.now, evaluator.now)


def _today(evaluator: Evaluator, _: Arguments) -> Value:
    return Moment(evaluator.now - literals.DAY, evaluator.now)


def _time(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    value = arguments.values.get("v") or arguments.values.get("t")
    if isinstance(value, Moment):
        return value
    if isinstance(value, Plain) and isinstance(value.known, str):
        try:
            moment = literals.nanoseconds(value.known)
        except ValueError:
            return Plain("number")
        return Moment(moment, moment)
    return Plain("number")


def _duration(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    value = arguments.values.get("v")
    if isinstance(value, Span):
        return value
    if isinstance(value, Plain) and isinstance(value.known, int):
        return Span(0, value.known)
    return Plain("number")


def _scaled(_: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    span, by = arguments.values.get("d"), arguments.values.get("n")
    known = by.known if isinstance(by, Plain) else None
    if isinstance(span, Span) and isinstance(known, int) and abs(known) < 10**6:
        return Span(span.months * known, span.nanoseconds * known)
    return Plain("number")


def _added(_: Evaluator, arguments: Arguments) -> Value:
    return _moved(arguments, arguments.values.get("to"), 1)


def _subtracted(_: Evaluator, arguments: Arguments) -> Value:
    return _moved(arguments, arguments.values.get("from"), -1)


def _moved(arguments: Arguments, start: Value | None, sign: int) -> Value:
    plain_only(arguments)
    span = arguments.values.get("d")
    if not isinstance(start, Moment) or not isinstance(span, Span) or span.months > 12_000:
        return Plain("number")
    if start.low == start.high:
        moment = literals.add_months(start.low, sign * span.months) + sign * span.nanoseconds
        return Moment(moment, moment)
    moves = sorted((sign * span.shortest, sign * span.longest))
    return Moment(start.low + moves[0], start.high + moves[1])


def _truncated(evaluator: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    start, unit = arguments.values.get("t"), arguments.values.get("unit")
    if isinstance(start, Span):
        start = Moment(evaluator.now + start.shortest, evaluator.now + start.longest)
    if not isinstance(start, Moment) or not isinstance(unit, Span) or unit.infinite:
        return Plain("number")
    return Moment(start.low - abs(unit.longest), start.high)


def _boundary(evaluator: Evaluator, arguments: Arguments) -> Value:
    plain_only(arguments)
    reach = 0
    for name, length in (("week_offset", 7), ("month_offset", 31)):
        value = arguments.values.get(name)
        known = 0 if value is None else value.known if isinstance(value, Plain) else None
        if not isinstance(known, int) or abs(known) > 5_000:
            refuse(f"{name} is a whole number written out.", arguments.place(name))
        reach += known * length * literals.DAY
    near = 62 * literals.DAY
    moment = Moment(evaluator.now + reach - near, evaluator.now + reach + near)
    return Fields({"start": moment, "stop": moment})


def _location(_: Evaluator, arguments: Arguments) -> Value:
    text(arguments, "name")
    return Location()


def _offset(_: Evaluator, arguments: Arguments) -> Value:
    if not isinstance(arguments.values.get("offset"), Span):
        refuse("Write timezone.fixed(offset: -3h).", arguments.at)
    return Location()


_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday week month yesterday"

RULES: dict[str, Rule] = {
    "numbers": numbers,
    "texts": texts,
    "universe.duration": _duration,
    "universe.time": _time,
    "universe.now": now,
    "universe.today": _today,
    "universe.linearBins": _bins,
    "universe.logarithmicBins": _bins,
    "regexp.compile": _compiled,
    "regexp.findStringIndex": _places,
    "regexp.replaceAllString": _replaced,
    "regexp.splitRegexp": _split,
    "strings.joinStr": _joined,
    "strings.replace": _replaced,
    "strings.replaceAll": _replaced,
    **{f"strings.{name}": _split for name in ("split", "splitAfter", "splitAfterN", "splitN")},
    **{f"math.{name}": _parts for name in ("frexp", "lgamma", "modf", "sincos")},
    **{
        f"{package}.{name}": rule
        for package in ("array", "experimental/array")
        for name, rule in (
            ("from", _array_from),
            ("map", _array_map),
            ("filter", _array_filter),
            ("concat", _array_concat),
        )
    },
    **{
        f"experimental/array.to{name}": _array_convert
        for name in ("Bool", "Duration", "Float", "Int", "String", "Time", "UInt")
    },
    "dict.fromList": _dictionary,
    "dict.insert": _dictionary,
    "dict.remove": _dictionary,
    "dict.get": _looked_up,
    "date.add": _added,
    "date.sub": _subtracted,
    "date.scale": _scaled,
    "date.time": _time,
    "date.truncate": _truncated,
    **{f"experimental/date/boundaries.{name}": _boundary for name in _WEEKDAYS.split()},
    "timezone.location": _location,
    "timezone.fixed": _offset,
}
