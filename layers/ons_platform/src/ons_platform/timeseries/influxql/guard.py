"""InfluxQL is run only when parsing proves that it reads our buckets, in bounds (QRY-4, DESIGN 8).

What runs is written anew from the tree: absolute times, the store's own names, a limit of rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ons_platform.timeseries import names
from ons_platform.timeseries.influxql.limits import InfluxqlLimits
from ons_platform.timeseries.influxql.meaning import Meaning
from ons_platform.timeseries.influxql.parser import parse
from ons_platform.timeseries.influxql.selects import Bounds, Selects
from ons_platform.timeseries.influxql.shows import Shows
from ons_platform.timeseries.influxql.tree import Select
from ons_platform.timeseries.influxql.writer import written
from ons_platform.timeseries.points import ALIAS
from ons_platform.timeseries.refusals import refuse


@dataclass(frozen=True)
class GuardedInfluxql:
    """A query safe to run; several statements (one a bucket) where a SHOW asks for all of them.

    `database` is the one to send along. Every series has at most `max_rows + 1` rows.
    """

    query: str
    database: str
    buckets: frozenset[str]


def guard_influxql(
    query: str, *, now: datetime, limits: InfluxqlLimits, database: str = ALIAS
) -> GuardedInfluxql:
    """Check a query and write it anew; `database` is for names that do not tell theirs.

    Raises `UnsafeQuery` that says what is refused, where (`position`: line and column, from 1)
    and what would be right.
    """
    databases = names.buckets_of(database)
    if not databases:
        refuse(query, 0, f"There is no bucket {database[:40]!r}.")
    try:
        statement = parse(query)
        meaning = Meaning(query, databases)
        bounds = Bounds(query, _nanoseconds(now), limits)
        if isinstance(statement, Select):
            selected, scope = Selects(meaning, bounds).outermost(statement)
            text, buckets = written(selected), scope.buckets
        else:
            shown = Shows(meaning, bounds).statements(statement)
            text = "; ".join(written(item) for item in shown)
            buckets = frozenset(item.database for item in shown if item.database)
    except RecursionError:
        refuse(query, 0, "The query is nested too deeply.")
    return GuardedInfluxql(text, min(buckets), buckets)


def _nanoseconds(instant: datetime) -> int:
    since = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1000
