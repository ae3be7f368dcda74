"""A SHOW in bounds: one statement for each bucket it asks about."""

from __future__ import annotations

from dataclasses import replace

from ons_platform.timeseries import names
from ons_platform.timeseries.influxql.meaning import Meaning, Scope
from ons_platform.timeseries.influxql.selects import Bounds, joined
from ons_platform.timeseries.influxql.timespan import Clock
from ons_platform.timeseries.influxql.tree import Expression, Regex, Show


class Shows:
    """Makes a SHOW safe."""

    def __init__(self, meaning: Meaning, bounds: Bounds) -> None:
        self._meaning = meaning
        self._bounds = bounds

    def statements(self, query: Show) -> list[Show]:
        """The statements to run, in the order of the buckets."""
        databases = self._meaning.databases(query.database, query.offset)
        asked = query.sources
        if query.database is not None:
            asked = tuple(replace(item, database=item.database or query.database) for item in asked)
        sources, _ = self._meaning.sources(asked)
        if sources:
            used = dict.fromkeys(item.database or "" for item in sources)
            databases = tuple(used)
        return [
            replace(
                query,
                database=database,
                sources=tuple(
                    replace(item, database=None) for item in sources if item.database == database
                ),
                key=self._key(query, Scope(frozenset({database}))),
                where=self._where(query, Scope(frozenset({database}))),
                page=self._bounds.page(query.page),
            )
            for database in databases
        ]

    def _where(self, query: Show, scope: Scope) -> Expression | None:
        clock = Clock(self._bounds.query, self._bounds.now, None, query.offset)
        period, conditions = clock.split(query.where)
        named = [self._meaning.expression(item, scope) for item in conditions]
        return joined([*period.conditions(), *named])

    def _key(self, query: Show, scope: Scope) -> tuple[str, tuple[str | Regex, ...]] | None:
        if query.key is None:
            return None
        sign, listed = query.key
        return sign, tuple(
            item if isinstance(item, Regex) else self._meant(query, item, scope) for item in listed
        )

    def _meant(self, query: Show, name: str, scope: Scope) -> str:
        if query.what == "MEASUREMENTS":
            return names.measurement(name).measurement or name
        return names.tag(name, scope.buckets)
