"""What functions on tables may be given, and what is known of the tables they give."""

from __future__ import annotations

from dataclasses import replace

from ons_platform.timeseries import names
from ons_platform.timeseries.flux import limits
from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.arguments import (
    allow_only,
    bounded,
    function_name,
    operation,
    plain_only,
    table_of,
    text,
    texts,
    whole_number,
    written_names,
)
from ons_platform.timeseries.flux.errors import refuse
from ons_platform.timeseries.flux.evaluate import Arguments, Evaluator, Rule
from ons_platform.timeseries.flux.values import (
    WIDE,
    Closure,
    Fields,
    Items,
    Plain,
    Row,
    Table,
    Value,
    both_tables,
    letters_of,
    writing,
)

_COUNTED = ("n", "offset", "pos", "idx")
_NAMED = ("columns", "column", "groupColumns")


def keep(evaluator: Evaluator, arguments: Arguments) -> Value:
    """Rows or columns are left out; what is left means what it meant."""
    table = table_of(evaluator, arguments)
    _checked(evaluator, arguments, table)
    return table


def single(evaluator: Evaluator, arguments: Arguments) -> Value:
    """One row per table: unique by what the tables are grouped by."""
    table = table_of(evaluator, arguments)
    _checked(evaluator, arguments, table)
    return replace(table, unique=table.groups, sound=False)


def write(evaluator: Evaluator, arguments: Arguments) -> Value:
    """Columns are written: those named in the arguments, or any when they cannot be told."""
    table = table_of(evaluator, arguments)
    put = _checked(evaluator, arguments, table, renaming=False)
    table = replace(table, letters=max(table.letters, put))
    written = written_names(arguments)
    if any(isinstance(item, Closure) for item in arguments.values.values()):
        written = None
    name = function_name(arguments)
    if name in ("timeShift", "truncateTimeColumn"):
        written = (written or frozenset()) | {"_time", "_start", "_stop"}
    if name == "fill" and not arguments.values:
        written = WIDE
    return writing(table, written)


def _checked(
    evaluator: Evaluator, arguments: Arguments, table: Table, *, renaming: bool = True
) -> int:
    """Counts are written out, functions are of rows or column names, columns by their own names.

    Returns how long the texts can be that the arguments put into the tables.
    """
    plain_only(arguments, besides=("tables", "table", "fn"))
    for name in _COUNTED:
        if name in arguments.values:
            whole_number(arguments, name, limits.MAX_COUNT)
    made = 0
    if "fn" in arguments.values:
        made = letters_of(evaluator.row_call(arguments.values["fn"], Row(table), arguments, "fn"))
    if renaming:
        rename_columns(evaluator, arguments, table, _NAMED)
    return max([made, *(letters_of(value) for value in arguments.values.values())])


def rename_columns(
    evaluator: Evaluator, arguments: Arguments, table: Table, where: tuple[str, ...]
) -> None:
    """Write stored columns named in arguments by the store's own names."""
    for name in where:
        node = arguments.nodes.get(name)
        items = node.items if isinstance(node, tree.Array) else (node,)
        for item in items:
            if isinstance(item, tree.Text) and table.stored(item.value) and not evaluator.generic:
                meant = names.tag(item.value, table.buckets)
                if meant != item.value:
                    evaluator.edits.put(item, tree.Text(meant))


def _filter(evaluator: Evaluator, arguments: Arguments) -> Value:
    allow_only(arguments, ("fn", "onEmpty", "tables"))
    given = arguments.piped or arguments.values.get("tables")
    if not isinstance(given, Table):
        refuse("filter works on tables: from(...) |> filter(...)", arguments.at)
    table = bounded(evaluator, given, arguments)
    evaluator.row_call(arguments.values.get("fn"), Row(table), arguments, "fn")
    if not evaluator.generic:
        evaluator.edits.pushed[id(arguments.call)] = _homes(arguments.values.get("fn"))
    return table


def _homes(function: Value | None) -> frozenset[str] | None:
    """Buckets in which rows that pass the filter can be; None for any."""
    if not isinstance(function, Closure) or isinstance(function.node.body, tree.Block):
        return None
    found: frozenset[str] | None = None
    todo: list[tree.Expression] = [function.node.body]
    while todo:
        node = todo.pop()
        if isinstance(node, tree.Parenthesised):
            todo.append(node.inner)
        elif isinstance(node, tree.Binary) and node.operator == "and":
            todo += [node.left, node.right]
        else:
            homes = _homes_of(node)
            if homes is not None:
                found = homes if found is None else found & homes
    return found


def _homes_of(node: tree.Expression) -> frozenset[str] | None:
    if isinstance(node, tree.Binary) and node.operator == "or":
        one, other = _homes_of(node.left), _homes_of(node.right)
        return one | other if one is not None and other is not None else None
    if isinstance(node, tree.Parenthesised):
        return _homes_of(node.inner)
    if not (
        isinstance(node, tree.Binary)
        and node.operator == "=="
        and isinstance(node.left, tree.Member)
        and isinstance(node.right, tree.Text)
    ):
        return None
    field = node.right.value
    if node.left.key == "_measurement":
        meant = names.measurement(node.right.value)
        if meant.measurement is not None:
            return frozenset(names.buckets_of(meant.measurement)) or None
        field = meant.field or ""
    elif node.left.key != "_field":
        return None
    homes = names.fields().get(names.field(field))
    return frozenset(homes) if homes else None


def _map(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    plain_only(arguments, besides=("tables", "fn"))
    result = evaluator.row_call(arguments.values.get("fn"), Row(table), arguments, "fn")
    letters = max(table.letters, letters_of(result))
    if isinstance(result, Row) and result.table == table:
        return table
    if not isinstance(result, Fields):
        refuse("fn of map gives a record: (r) => ({r with ...}).", arguments.place("fn"))
    if result.base is not None and result.base.table == table:
        changed = frozenset(
            key
            for key, value in result.items.items()
            if not (isinstance(value, Plain) and value.column == key)
        )
        return replace(writing(table, changed), letters=letters)
    return replace(_remade(table, result), letters=letters)


def _remade(table: Table, result: Fields) -> Table:
    """The table of the columns a new record names; those taken over keep their meaning."""
    same = {
        key
        for key, value in result.items.items()
        if isinstance(value, Plain) and value.column == key
    }
    if table.computed is None:
        return replace(table, sound=False, unique=None)
    lost = frozenset(result.items) - same
    unique = table.unique if table.unique is not None and table.unique <= same else None
    return replace(
        table,
        computed=table.computed | lost,
        sound=table.sound and "_time" in same,
        unique=unique,
    )


def _reduce(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    allow_only(arguments, ("fn", "identity", "tables"))
    function, identity = arguments.values.get("fn"), arguments.values.get("identity")
    if not isinstance(function, Closure) or not isinstance(identity, Fields):
        refuse("Write reduce(identity: {...}, fn: (r, accumulator) => ({...})).", arguments.at)
    plain_only(arguments, besides=("fn", "tables"))
    given: dict[str, Value] = {"r": Row(table), "accumulator": identity}
    once = evaluator.in_rows(function, given, arguments.place("fn"))
    if not isinstance(once, Fields):
        refuse("fn of reduce gives a record.", arguments.place("fn"))
    again = evaluator.in_rows(function, {**given, "accumulator": once}, arguments.place("fn"))
    if not isinstance(again, Fields) or _grows(once, again):
        refuse(
            "This text or array would grow with every row; reduce to numbers.",
            arguments.place("fn"),
        )
    out = replace(table, letters=max(table.letters, letters_of(once)), unique=table.groups)
    return writing(out, frozenset(once.items))


def _grows(once: Fields, again: Fields) -> bool:
    return any(
        isinstance(value, Items)
        or letters_of(value) > letters_of(once.items.get(key))
        or value.size > getattr(once.items.get(key), "size", 0)
        for key, value in again.items.items()
    )


def _group(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    allow_only(arguments, ("columns", "mode", "tables"))
    plain_only(arguments, besides=("tables",))
    rename_columns(evaluator, arguments, table, _NAMED)
    columns = frozenset[str]() if "columns" not in arguments.values else texts(arguments, "columns")
    if text(arguments, "mode", "by") != "by" or columns is None:
        return replace(table, groups=None)
    own = frozenset(
        names.tag(item, table.buckets) if table.stored(item) else item for item in columns
    )
    return replace(table, groups=own)


def _pivot(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    allow_only(arguments, ("rowKey", "columnKey", "valueColumn", "tables"))
    plain_only(arguments, besides=("tables",))
    rename_columns(evaluator, arguments, table, ("rowKey", "columnKey", "valueColumn"))
    columns = texts(arguments, "columnKey")
    if columns is None or not all(table.stored(item) and item not in WIDE for item in columns):
        refuse(
            "columnKey of pivot names columns of few values as the store holds them, such as "
            '["_field"] or ["region"]: each value becomes a column.',
            arguments.place("columnKey"),
        )
    rows = texts(arguments, "rowKey") or frozenset()
    return replace(table, sound=table.sound and "_time" in rows, unique=None)


def fields_as_columns(evaluator: Evaluator, arguments: Arguments) -> Value:
    """schema.fieldsAsCols: a pivot of instants by fields."""
    table = table_of(evaluator, arguments)
    if not table.stored("_field"):
        refuse("fieldsAsCols needs _field as the store holds it.", arguments.at)
    return replace(table, unique=None)


def _union(evaluator: Evaluator, arguments: Arguments) -> Value:
    operation(evaluator, arguments)
    allow_only(arguments, ("tables",))
    given = arguments.values.get("tables")
    if not isinstance(given, Items) or not given.exact:
        refuse("Write union(tables: [one, other]).", arguments.at)
    if len(given.exact) > limits.MAX_RESULTS:
        refuse(f"union takes at most {limits.MAX_RESULTS} tables.", arguments.place("tables"))
    out: Table | None = None
    for item in given.exact:
        if not isinstance(item, Table):
            refuse("Write union(tables: [one, other]).", arguments.at)
        table = bounded(evaluator, item, arguments)
        out = table if out is None else both_tables(out, table)
    return out or Table()


def _join(evaluator: Evaluator, arguments: Arguments) -> Value:
    allow_only(arguments, ("tables", "method", "on"))
    given = arguments.values.get("tables")
    if not isinstance(given, Fields) or given.base is not None or len(given.items) != 2:
        refuse("Write join(tables: {a: one, b: other}, on: [...]).", arguments.at)
    on = texts(arguments, "on")
    if on is None:
        refuse('on of join is written out: ["_time", "region"].', arguments.at)
    sides = [_side(evaluator, item, arguments) for item in given.items.values()]
    for side in sides:
        rename_columns(evaluator, arguments, side, ("on",))
    return _joined(evaluator, arguments, sides[0], sides[1], on)


def _side(evaluator: Evaluator, value: Value | None, arguments: Arguments) -> Table:
    if not isinstance(value, Table):
        refuse(f"{function_name(arguments)} joins two tables.", arguments.at)
    return bounded(evaluator, value, arguments)


def _joined(
    evaluator: Evaluator, arguments: Arguments, one: Table, other: Table, on: frozenset[str]
) -> Table:
    """The joined table; refused where rows would be paired with more than their like."""
    evaluator.count(
        "joins", limits.MAX_JOINS, f"At most {limits.MAX_JOINS} joins are made.", arguments.at
    )
    known = any(side.unique is not None and side.unique <= on for side in (one, other))
    if not known and not ("_time" in on and one.sound and other.sound):
        refuse(
            f"{function_name(arguments)} pairs rows of the same _time as the store or "
            "aggregateWindow gives it, or of all columns one side is grouped and aggregated by.",
            arguments.at,
        )
    both = both_tables(one, other)
    unique = one.unique if one.unique is not None and one.unique <= on else None
    return replace(both, computed=None, sound=both.sound and "_time" in on, unique=unique)


def _join_rows(evaluator: Evaluator, arguments: Arguments) -> Value:
    """The functions of the package `join`."""
    name = function_name(arguments)
    left = _side(evaluator, arguments.values.get("left") or arguments.piped, arguments)
    right = _side(evaluator, arguments.values.get("right"), arguments)
    plain_only(arguments, besides=("left", "right", "on", "as"))
    on = frozenset({"_time"})
    rows = {"l": Row(left), "r": Row(right)}
    if name != "time":
        function = arguments.values.get("on")
        if not isinstance(function, Closure) or isinstance(function.node.body, tree.Block):
            refuse("Write on: (l, r) => l._time == r._time", arguments.place("on"))
        evaluator.in_rows(function, rows, arguments.place("on"))
        on = _paired(function.node.body)
    function = arguments.values.get("as")
    if not isinstance(function, Closure):
        refuse("Write as: (l, r) => ({l with other: r._value})", arguments.place("as"))
    result = evaluator.in_rows(function, rows, arguments.place("as"))
    out = _joined(evaluator, arguments, left, right, on)
    return replace(out, sound=False, letters=max(out.letters, letters_of(result)))


def _paired(node: tree.Expression) -> frozenset[str]:
    """The columns that an `on` of equalities pairs; refused for anything else."""
    if isinstance(node, tree.Parenthesised):
        return _paired(node.inner)
    if isinstance(node, tree.Binary) and node.operator == "and":
        return _paired(node.left) | _paired(node.right)
    if (
        isinstance(node, tree.Binary)
        and node.operator == "=="
        and isinstance(node.left, tree.Member)
        and isinstance(node.right, tree.Member)
        and isinstance(node.left.record, tree.Identifier)
        and isinstance(node.right.record, tree.Identifier)
        and {node.left.record.name, node.right.record.name} == {"l", "r"}
    ):
        return frozenset({node.left.key} if node.left.key == node.right.key else ())
    return refuse("on of a join is equalities: l._time == r._time and ...", node.at)


def _correlated(evaluator: Evaluator, arguments: Arguments) -> Value:
    allow_only(arguments, ("x", "y", "on", "pearsonr"))
    on = texts(arguments, "on")
    if on is None:
        refuse('on is written out: ["_time"].', arguments.at)
    sides = [_side(evaluator, arguments.values.get(name), arguments) for name in ("x", "y")]
    out = _joined(evaluator, arguments, sides[0], sides[1], on)
    return replace(out, sound=False, unique=None)


def _yield(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    allow_only(arguments, ("name", "tables"))
    name = text(arguments, "name", "_result")
    if not 1 <= len(name) <= 64 or not name.isprintable():
        refuse("A result's name has 1 to 64 letters.", arguments.place("name"))
    if not evaluator.generic:
        evaluator.edits.yields.add(id(arguments.call))
        evaluator.loose.append(arguments.call)
        evaluator.count(f"yield {name}", 1, f"Two results are named {name}.", arguments.at)
    return table


def _find(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    evaluator.count(
        "finds",
        limits.MAX_FINDS,
        f"At most {limits.MAX_FINDS} values are looked up before the query.",
        arguments.at,
    )
    plain_only(arguments, besides=("tables", "table", "fn"))
    if "fn" in arguments.values:
        evaluator.row_call(arguments.values["fn"], Row(table), arguments, "fn")
    name = function_name(arguments)
    if name == "tableFind":
        return table
    if name in ("findRecord", "getRecord"):
        whole_number(arguments, "idx", limits.MAX_COUNT)
        return Row(Table(letters=table.letters))
    return Items(Plain(letters=table.letters), limits.MAX_ITEMS)


def _histogram(evaluator: Evaluator, arguments: Arguments) -> Value:
    table = table_of(evaluator, arguments)
    plain_only(arguments, besides=("tables",))
    bins = arguments.values.get("bins")
    if not isinstance(bins, Items) or bins.count > limits.MAX_BINS + 2:
        refuse(f"histogram takes at most {limits.MAX_BINS} bins.", arguments.place("bins"))
    return writing(table, None)


def _whole_model(evaluator: Evaluator, arguments: Arguments) -> Value:
    """Functions written in Flux that join or look up by themselves."""
    table = table_of(evaluator, arguments)
    plain_only(arguments, besides=("tables", "table"))
    rule = "joins" if function_name(arguments) == "mad" else "finds"
    most = limits.MAX_JOINS if rule == "joins" else limits.MAX_FINDS
    evaluator.count(rule, most, f"At most {most} {rule} are made.", arguments.at, by=2)
    if not table.sound:
        refuse(f"Put {function_name(arguments)} right after range and filter.", arguments.at)
    return writing(table, None)


RULES: dict[str, Rule] = {
    "keep": keep,
    "single": single,
    "write": write,
    "universe.filter": _filter,
    "universe.map": _map,
    "universe.reduce": _reduce,
    "universe.group": _group,
    "universe.pivot": _pivot,
    "universe.union": _union,
    "universe.join": _join,
    "universe.cov": _correlated,
    "universe.pearsonr": _correlated,
    "universe.yield": _yield,
    "universe.histogram": _histogram,
    **{
        f"universe.{name}": _find
        for name in ("tableFind", "findColumn", "findRecord", "getColumn", "getRecord")
    },
    **{f"join.{name}": _join_rows for name in ("full", "inner", "left", "right", "tables", "time")},
    "contrib/anaisdg/anomalydetection.mad": _whole_model,
    "contrib/anaisdg/statsmodels.linearRegression": _whole_model,
}
