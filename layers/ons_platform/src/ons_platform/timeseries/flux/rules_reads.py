"""What reads the store: `from` and the functions of `schema`, with buckets of the store only."""

from __future__ import annotations

from ons_platform.timeseries import names
from ons_platform.timeseries.flux import limits
from ons_platform.timeseries.flux import syntax as tree
from ons_platform.timeseries.flux.arguments import allow_only, operation, plain_only, text
from ons_platform.timeseries.flux.errors import refuse
from ons_platform.timeseries.flux.evaluate import Arguments, Evaluator, Rule
from ons_platform.timeseries.flux.rules_tables import fields_as_columns
from ons_platform.timeseries.flux.rules_time import bounds
from ons_platform.timeseries.flux.values import Row, Span, Table, Value
from ons_platform.timeseries.points import ALIAS, BUCKETS

_SCHEMA = ("influxdata/influxdb/schema", "influxdata/influxdb/v1")
_DEFAULT_DAYS = 30


def _from(evaluator: Evaluator, arguments: Arguments) -> Value:
    operation(evaluator, arguments)
    if arguments.piped is not None:
        refuse("from takes nothing piped.", arguments.at)
    allow_only(arguments, ("bucket",))
    read = _buckets(evaluator, arguments)
    call = arguments.call
    if len(read) > 1 and not evaluator.generic:
        evaluator.edits.alias[id(call)] = read
    return Table(computed=frozenset(), unranged=(call,), buckets=read)


def _buckets(evaluator: Evaluator, arguments: Arguments) -> tuple[str, ...]:
    """The buckets read; the name in the query is made the store's own."""
    if "bucket" not in arguments.values:
        refuse(f'Name the bucket: bucket: "{BUCKETS[0]}".', arguments.at)
    written = text(arguments, "bucket")
    read = names.buckets_of(written)
    if not read:
        known = ", ".join((*BUCKETS, ALIAS))
        refuse(f"There is no bucket {written[:60]}; there is {known}.", arguments.place("bucket"))
    evaluator.count(
        "reads",
        limits.MAX_READS,
        f"A query reads at most {limits.MAX_READS} buckets; {ALIAS} is {len(BUCKETS)} of them.",
        arguments.at,
        by=len(read),
    )
    evaluator.buckets.update(read)
    node = arguments.nodes["bucket"]
    if not evaluator.generic and (len(read) == 1 and read[0] != written):
        evaluator.edits.put(node, tree.Text(read[0]))
    return read


def _schema(evaluator: Evaluator, arguments: Arguments) -> Value:
    operation(evaluator, arguments)
    allow_only(arguments, ("bucket", "start", "stop", "predicate", "tag", "measurement"))
    plain_only(arguments, besides=("predicate",))
    read = _buckets(evaluator, arguments)
    if "start" not in arguments.values:
        arguments.values["start"] = Span(0, -_DEFAULT_DAYS * 86_400 * 10**9)
        arguments.nodes["start"] = tree.Duration(((_DEFAULT_DAYS, "d"),))
    low, high = bounds(evaluator, arguments)
    if "predicate" in arguments.values:
        row = Row(Table(start=low, stop=high, sound=True, computed=frozenset(), buckets=read))
        evaluator.row_call(arguments.values["predicate"], row, arguments, "predicate")
    _own_words(evaluator, arguments, read)
    if len(read) > 1 and not evaluator.generic:
        evaluator.edits.alias[id(arguments.call)] = read
        evaluator.edits.listings.add(id(arguments.call))
    return Table(computed=None, buckets=read)


def _own_words(evaluator: Evaluator, arguments: Arguments, read: tuple[str, ...]) -> None:
    """Tags and measurements by the store's own names."""
    for name in ("tag", "measurement"):
        if name in arguments.values and not evaluator.generic:
            written = text(arguments, name)
            meant = names.tag(written, read) if name == "tag" else names.bucket(written)
            if meant != written:
                evaluator.edits.put(arguments.nodes[name], tree.Text(meant))


RULES: dict[str, Rule] = {
    "universe.from": _from,
    **{
        f"{package}.{name}": _schema
        for package in _SCHEMA
        for name in (
            "fieldKeys",
            "measurementFieldKeys",
            "measurementTagKeys",
            "measurementTagValues",
            "measurements",
            "tagKeys",
            "tagValues",
        )
    },
    **{f"{package}.fieldsAsCols": fields_as_columns for package in _SCHEMA},
}
