"""Random plans over real datasets of the catalogue, and made-up rows for them to be about.

Everything follows from one seed. Rows have what hurts: hostile names, nulls, every flag, holes,
instants off the grain, days on which clocks were changed, repeated hours, year ends, ties. Values
are eighths, so that sums are exact in whatever order an engine adds them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ons_platform.catalog.model import Dataset, Metric
from ons_platform.catalog.registry import catalog
from ons_platform.lake.quality import QualityFlag
from ons_platform.lake.zone import brasilia
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import SUBSYSTEMS, QueryPlan, Rows, Window
from ons_platform.questions.quantities import Threshold
from ons_platform.questions.windows import labelled_by_end, window

PLANTS = (
    "Aurora",
    "Pecém I, bloco=2",
    'Usina "Três Irmãos"',
    "D'Água Fria",
    "Serra\\Norte",
    "São João; DROP SERIES --",
    "Ünïçødé ☀ 90%",
    " beira  rio ",
    "' OR 1=1 OR '",
    '" OR time > 0 --',
    "${r.region}",
    "ok",
)
STATES = ("MG", "RS", "BA", "PA")
SOURCES = ("hydro", "thermal", "wind", "solar")
_FEW_DAYS = (
    ("2013-02-12", "2013-02-21"),
    ("2017-10-11", "2017-10-18"),
    ("2018-02-14", "2018-02-21"),
    ("2018-11-01", "2018-11-08"),
    ("2018-12-29", "2019-01-04"),
    ("2019-02-13", "2019-02-20"),
    ("2019-12-30", "2020-01-03"),
    ("2021-06-10", "2021-06-13"),
)
"""Civil days of which there are hours: clocks changed, years ended, and an ordinary stretch."""
_METRICS = 2
"""Of a dataset, the first ones."""
_TELLING = {"missing", "inconsistent", "out_of_range", "suspect", "forecast", "invalid"}


@dataclass(frozen=True)
class Things:
    """The things a dataset has rows of, as lake columns.

    `clean` rows are all `ok`, `whole` ones have no holes; `sources` are told by the measures.
    """

    slug: str
    rows: tuple[dict[str, str | None], ...]
    clean: bool = False
    sources: bool = False
    whole: bool = False


def regions(*codes: str) -> tuple[dict[str, str | None], ...]:
    return tuple({"region": code} for code in codes)


def _plants(count: int, **more: str) -> tuple[dict[str, str | None], ...]:
    """Plants of which the last but one lacks its state and the last shares the first's name."""
    found: list[dict[str, str | None]] = []
    for i in range(count):
        found.append({
            "region": SUBSYSTEMS[i % 4], "state": STATES[(i + i // 4) % 4], "entity_id": f"ID {i}",
            "entity_name": PLANTS[i % len(PLANTS)], "energy_source": SOURCES[i // 2 % 4],
            "ceg": f"UHE.PH.{i}\\0, x={i}", **more,
        })  # fmt: skip
    found[-2]["state"] = None
    found[-1]["entity_name"] = PLANTS[0]
    return tuple(found)


def _pairs() -> tuple[dict[str, str | None], ...]:
    ways = (("SE", "S"), ("S", "SE"), ("N", "NE"), ("NE", "SE"))
    return tuple({"region": a, "region_to": b} for a, b in ways)


def _restricted() -> tuple[dict[str, str | None], ...]:
    reasons = ("CNF", "ENE", "REL", "CNF", None, "PAR")
    return tuple(
        {**row, "energy_source": "wind", "cod_razaorestricao": reason, "cod_origemrestricao": place}
        for row, reason, place in zip(_plants(6), reasons, ("LOC", "SIS") * 3, strict=True)
    )


def _revised() -> tuple[dict[str, str | None], ...]:
    rows = _plants(3, energy_source="thermal", ano_referencia="2020", mes_referencia="9")
    return tuple({**row, "num_revisao": number} for row in rows for number in ("2", "10", "x"))


WORLD = (
    Things("curva-carga", regions("SE", "S", "NE", "N")),
    Things("cmo-semi-horario", regions("SE", "S", "NE", "N")),
    Things("balanco-energia-subsistema", regions("SE", "S", "NE", "N", "SIN"), sources=True),
    Things("balanco-dessem-geral", regions("SE", "S", "NE", "N"), clean=True, whole=True),
    Things("carga-energia", regions("SE", "S", "NE", "N"), clean=True),
    Things("carga-mensal", regions("SE", "S", "NE", "N")),
    Things("cmo-semanal", regions("SE", "S", "NE", "N")),
    Things("geracao-usina-2", _plants(14)),
    Things("dados-hidrologicos-res", _plants(4)),
    Things("restricao-coff-eolica-usi", _restricted()),
    Things("restricao-coff-fotovoltaica", _restricted()),
    Things("intercambio-nacional", _pairs()),
    Things("fator-capacidade-2", _plants(5, cod_pontoconexao="P 1")),
    Things("ena-diario-por-subsistema", regions("SE", "S", "NE", "N")),
    Things("ear-diario-por-bacia", tuple({"entity_name": n} for n in PLANTS[:4]), clean=True),
    Things("interrupcao-carga", tuple({**row, "cod_perturbacao": "7"} for row in _plants(4))),
    Things("ind-disponibilidade-fgeracao-uge-anual", tuple(
        {**row, "num_unidadegeradora": "1"} for row in _plants(3)
    )),
    Things("cvu-usitermica", _revised()),
)  # fmt: skip
RARE = {"cvu-usitermica": 0.1, "ind-disponibilidade-fgeracao-uge-anual": 0.5}
"""How often plans are about a dataset, where not as often as about the others."""


# -- rows ----------------------------------------------------------------------------------------


def frames(seed: int) -> dict[str, pd.DataFrame]:
    """Rows of every dataset as the lake has them, by slug."""
    random = np.random.default_rng([seed, 1])
    return {
        item.slug: frame(catalog()[item.slug], item, random, _instants(catalog()[item.slug]))
        for item in WORLD
    }


def frame(
    dataset: Dataset, things: Things, random: np.random.Generator, instants: pd.DatetimeIndex
) -> pd.DataFrame:
    """Rows of a dataset's things at most of the instants."""
    parts = []
    for kind, source in _kinds(dataset, things):
        small = random.random() < 0.5
        for thing in things.rows:
            kept = instants if things.whole else _holed(instants, random)
            low, high = (0, 40) if small else (-4_000, 400_000)
            values = random.integers(low, high, len(kept)) / 8
            if kind in {"capacity", "stored_energy_max", "ena_gross_mlt", "ena_storable_mlt"}:
                values = np.abs(values) + 1
            part = pd.DataFrame({"timestamp": kept, "value": values, "measurement_type": kind})
            own = {"energy_source": source} if source else {}
            parts.append(part.assign(**(thing | own | dataset.constants)))
    rows = pd.concat(parts, ignore_index=True)
    rows = _flagged(rows, random, clean=things.clean)
    if dataset.grain in {"PT1H", "PT30M"}:
        stray = (rows["quality_flag"] == "stray_timestamp") & (random.random(len(rows)) < 0.5)
        rows["timestamp"] += pd.to_timedelta(stray.astype(int) * 1_000_001, unit="us")
    return _complete(dataset, rows)


def _holed(instants: pd.DatetimeIndex, random: np.random.Generator) -> pd.DatetimeIndex:
    """A few instants less, and some in a row."""
    kept = instants[random.random(len(instants)) > 0.03]
    hole = int(random.integers(0, max(len(kept) - 5, 1)))
    return kept.delete(slice(hole, hole + int(random.integers(0, 6))))


def _kinds(dataset: Dataset, things: Things) -> list[tuple[str, str | None]]:
    """Measurement types that metrics speak of, with the source of those that have one."""
    wanted = {kind for metric in dataset.questions.metrics[:_METRICS] for kind in _read_by(metric)}
    if things.sources:
        own = {m.measurement_type: m for m in dataset.measures}
        wanted &= set(own)
        return [
            (m.measurement_type, m.energy_source)
            for m in dataset.measures
            if m.measurement_type in wanted
        ]
    return [(kind, None) for kind in sorted(wanted)]


def _read_by(metric: Metric) -> Iterator[str]:
    yield metric.measurement_type
    if metric.plan_of:
        yield metric.plan_of
    if metric.ratio:
        terms = (metric.ratio.numerator, metric.ratio.denominator, metric.ratio.per)
        yield from (kind for kind in terms if kind)


def _instants(dataset: Dataset) -> pd.DatetimeIndex:
    """Starts of intervals as the lake has them."""
    zone = "America/Sao_Paulo"
    long = {"P1D": "D", "P1W": "W-SAT", "P1M": "MS", "P1Y": "YS"}
    if dataset.grain in long:
        first, last = (
            ("2010", "2022") if dataset.grain in {"P1M", "P1Y"} else ("2017-06", "2020-02")
        )
        days = pd.date_range(first, last, freq=long[dataset.grain])
        return days.tz_localize(zone, nonexistent="shift_forward").tz_convert("UTC").as_unit("us")
    step = {"PT30M": "30min", "PT1H": "1h", "event": "307min"}[dataset.grain or ""]
    spans = []
    for first, last in _FEW_DAYS:
        ends = [pd.Timestamp(day).tz_localize(zone) for day in (first, last)]
        spans.append(pd.date_range(*(end.tz_convert("UTC") for end in ends), freq=step))
    together = spans[0]
    for span in spans[1:]:
        together = together.append(span)
    return together.unique().as_unit("us")


def _flagged(rows: pd.DataFrame, random: np.random.Generator, *, clean: bool) -> pd.DataFrame:
    """Flags of all kinds on a fifth of the rows; no value where it is missing."""
    flags = np.full(len(rows), "ok", dtype=object)
    if not clean:
        others = [flag.value for flag in QualityFlag if flag is not QualityFlag.OK]
        odd = random.random(len(rows)) < 0.2
        flags[odd] = random.choice(others, int(odd.sum()))
    rows = rows.assign(quality_flag=flags)
    empty = rows["quality_flag"].isin(["missing", "invalid"])
    empty |= (rows["quality_flag"] == "out_of_range") & (random.random(len(rows)) < 0.2)
    rows.loc[empty, "value"] = np.nan
    return rows


def _complete(dataset: Dataset, rows: pd.DataFrame) -> pd.DataFrame:
    """All columns of the lake's rows that matter, nothing as None."""
    text = ["region", "state", "energy_source", "entity_id", "entity_name", "region_to"]
    for name in (*text, *dataset.attributes):
        if name not in rows:
            rows[name] = None
        rows[name] = rows[name].astype(object).where(rows[name].notna(), None)
    return rows.drop_duplicates([*dataset.key], ignore_index=True)


# -- plans ---------------------------------------------------------------------------------------

_COLUMNS = {
    Dimension.REGION: "region",
    Dimension.SOURCE: "energy_source",
    Dimension.STATE: "state",
    Dimension.PLANT: "entity_name",
}
_FIELDS = {
    Dimension.REGION: "regions",
    Dimension.SOURCE: "sources",
    Dimension.STATE: "states",
    Dimension.PLANT: "plants",
}
_SHORT = frozenset({"PT30M", "PT1H", "event"})
_SIMPLE = (Aggregate.MEAN, Aggregate.SUM, Aggregate.MAX, Aggregate.MIN, Aggregate.LAST)


def plan(
    seed: int, number: int, rows: dict[str, pd.DataFrame], world: Sequence[Things] = WORLD
) -> QueryPlan:
    """The plan of that number."""
    return _Maker(np.random.default_rng([seed, 2, number]), rows, world).plan()


class _Maker:
    """Makes one plan; whatever is drawn comes from one generator, in one order."""

    def __init__(
        self,
        random: np.random.Generator,
        rows: dict[str, pd.DataFrame],
        world: Sequence[Things],
    ) -> None:
        self._random = random
        weights = np.array([RARE.get(item.slug, 1.0) for item in world])
        things = world[int(random.choice(len(world), p=weights / weights.sum()))]
        self._dataset = catalog()[things.slug]
        metrics = [m for m in self._dataset.questions.metrics[:_METRICS] if self._held(rows, m)]
        self._metric = metrics[int(random.integers(len(metrics)))]
        frame = rows[things.slug]
        self._rows = frame[frame["measurement_type"] == self._metric.measurement_type]
        self._named: dict[Dimension, list[str]] = {}

    def plan(self) -> QueryPlan:
        """A plan as questions lead to, and some that none does yet."""
        made = self._simple()
        makers: list[tuple[float, Callable[[QueryPlan], QueryPlan]]] = [
            (0.4, lambda item: item),
            (0.12, self._share),
            (0.1, self._change),
            (0.15, self._threshold),
            (0.1, self._ramp),
        ]
        if "region" in self._dataset.key and self._dataset.column("region_to") is None:
            makers.append((0.08, self._spread))
        if self._metric.ratio is not None:
            makers.append((0.6, self._ratio))
        if self._dataset.column("region_to") is not None:
            makers.append((1.0, self._flow))
        if self._dataset.dataset == "restricao-coff-eolica-usi":
            makers.append((0.3, self._also))
        weights = np.array([weight for weight, _ in makers])
        made = makers[int(self._random.choice(len(makers), p=weights / weights.sum()))][1](made)
        return replace(self._settled(made), idle=self._idle(made))

    # what a plan is made of

    def _simple(self) -> QueryPlan:
        additive = self._metric.sin == "sum" or self._metric.by_plant or self._metric.sin == "row"
        aggregates = [*_SIMPLE, Aggregate.ENERGY, Aggregate.ENERGY]
        bucket = self._bucket()
        by = self._by()
        parts = self._one(0, 1, 2, 4) if additive and self._chance(0.7) else None
        return QueryPlan(
            self._dataset, self._metric, Operation.AGGREGATE, self._one(*aggregates),
            (self._window(),), self._filters(), by=by, bucket=bucket, parts=parts,
            order=self._one(None, None, "asc", "desc"), limit=self._one(None, 1, 3),
            label_days=6 if labelled_by_end(self._dataset) else 0,
            negate=self._chance(0.07), versions=self._dataset.questions.versions,
        )  # fmt: skip

    def _share(self, made: QueryPlan) -> QueryPlan:
        made = replace(made, operation=Operation.SHARE, aggregate=Aggregate.SHARE)
        if self._chance(0.3):
            return replace(made, parts=made.parts or 0)
        dimension = self._one(*(item for item in _COLUMNS if self._values(item)))
        field = _FIELDS[dimension]
        numerator = replace(Rows(), **{field: self._some(dimension)})
        rows = made.rows if self._chance(0.2) else replace(made.rows, **{field: ()})
        return replace(made, numerator=numerator, rows=rows, parts=made.parts or self._one(0, None))

    def _change(self, made: QueryPlan) -> QueryPlan:
        windows = (made.windows[0], self._window())
        if self._chance(0.7):
            windows = tuple(sorted(windows, key=lambda item: item.start))  # type: ignore[assignment]
        by = (*made.by, Dimension.WINDOW)
        bucket = None if self._chance(0.8) else made.bucket
        return replace(made, operation=Operation.CHANGE, windows=windows, by=by, bucket=bucket)

    def _threshold(self, made: QueryPlan) -> QueryPlan:
        values = self._rows["value"].dropna()
        value = float(values.sample(1, random_state=int(self._random.integers(2**31))).iloc[0])
        threshold = Threshold(self._one(">", ">=", "<", "<=", "="), value, None)
        made = replace(made, threshold=threshold, operation=Operation.COUNT)
        if made.bucket is not None:
            return replace(made, alternative=self._one(None, Aggregate.MAX, Aggregate.MEAN))
        if made.by and self._chance(0.5):
            return replace(made, operation=Operation.MATCHING)
        return made

    def _ramp(self, made: QueryPlan) -> QueryPlan:
        how = self._one(Aggregate.RAMP_UP, Aggregate.RAMP_DOWN)
        return replace(made, operation=Operation.RAMP, aggregate=how)

    def _spread(self, made: QueryPlan) -> QueryPlan:
        first, second = (str(item) for item in self._random.permutation(SUBSYSTEMS)[:2])
        by = tuple(item for item in made.by if item is not Dimension.REGION)
        rows = replace(made.rows, regions=(first, second))
        made = replace(made, rows=rows, by=by, spread=(first, second))
        return self._threshold(made) if self._chance(0.5) else made

    def _ratio(self, made: QueryPlan) -> QueryPlan:
        parts = self._one(0, None, 1, 2)
        simple = made.aggregate if made.aggregate in _SIMPLE else Aggregate.MEAN
        return replace(made, ratio=self._metric.ratio, parts=parts, aggregate=simple)

    def _flow(self, made: QueryPlan) -> QueryPlan:
        pair = self._one(("SE", "S"), ("S", "SE"), ("N", "NE"), ("SE", "NE"))
        minus = None
        if self._metric.plan_of is None and self._chance(0.4):
            minus = "scheduled_exchange_flow"
        by = tuple(item for item in made.by if item is not Dimension.REGION)
        return replace(
            made, rows=replace(made.rows, pair=pair, regions=()), parts=None, by=by, minus=minus
        )

    def _also(self, made: QueryPlan) -> QueryPlan:
        return replace(made, also=(catalog()["restricao-coff-fotovoltaica"],))

    def _settled(self, made: QueryPlan) -> QueryPlan:
        """Where rows of an instant have no order between them, they are added up."""
        ordered = made.aggregate is Aggregate.LAST or made.operation is Operation.RAMP
        if ordered and made.parts is None and made.minus is None and made.spread is None:
            return replace(made, parts=0)
        return made

    def _idle(self, made: QueryPlan) -> frozenset[str]:
        """What every row read passes, as `resolve` finds out."""
        found = set()
        if not _TELLING.intersection(self._rows["quality_flag"].unique()):
            found.add("quality_flag")
        if set(made.rows.regions) == set(self._values(Dimension.REGION)):
            found.add("region")
        source = self._dataset.constants.get("energy_source")
        if made.rows.sources == (source,) and source is not None:
            found.add("energy_source")
        return frozenset() if made.also or self._chance(0.2) else frozenset(found)

    # draws

    def _window(self) -> Window:
        """Hours, days, months or years, near the ends of what is held or amid it."""
        zone = brasilia()
        stamps = self._rows["timestamp"]
        near = stamps.iloc[int(self._random.integers(len(stamps)))].to_pydatetime()
        start = near.astimezone(zone).replace(minute=0, second=0, microsecond=0)
        length = self._one("hours", "days", "days", "month", "year", "years")
        if length == "hours" and self._dataset.grain in _SHORT:
            end = _later(start, timedelta(hours=int(self._random.integers(1, 40))))
            return window(start, end, self._dataset)
        start = start.replace(hour=0, fold=0)
        if length in {"hours", "days"}:
            end = _later(start, timedelta(days=int(self._random.integers(1, 12))))
        elif length == "month":
            start = start.replace(day=1)
            end = (start + timedelta(days=32)).replace(day=1)
        else:
            start = start.replace(month=1, day=1)
            end = start.replace(year=start.year + (1 if length == "year" else 3))
        return window(start, end, self._dataset)

    def _bucket(self) -> Bucket | None:
        long = (None, None, Bucket.MONTH, Bucket.YEAR)
        if self._dataset.grain == "P1D":
            return self._one(*long, Bucket.WEEK, Bucket.DAY)
        if self._dataset.grain not in _SHORT:
            return self._one(*long, Bucket.INTERVAL)
        few = (Bucket.HOUR, Bucket.HOUR_OF_DAY, Bucket.INTERVAL)
        return self._one(*long, *few, Bucket.DAY, Bucket.DAY, Bucket.WEEK)

    def _by(self) -> tuple[Dimension, ...]:
        there = [item for item in _COLUMNS if len(self._values(item)) > 1]
        count = min(int(self._random.choice([0, 0, 1, 1, 1, 2])), len(there))
        return tuple(there[int(i)] for i in self._random.permutation(len(there))[:count])

    def _filters(self) -> Rows:
        rows = Rows()
        for dimension, field in _FIELDS.items():
            if self._values(dimension) and self._chance(0.25):
                rows = replace(rows, **{field: self._some(dimension)})
        if self._dataset.grain in _SHORT and self._chance(0.12):
            hours = self._random.permutation(24)[: self._one(1, 3, 8)]
            rows = replace(rows, hours=tuple(sorted(int(hour) for hour in hours)))
        filters = [item for item in self._dataset.questions.filters if item.values]
        if filters and self._chance(0.4):
            chosen = self._one(*filters)
            values = tuple(item.value for item in chosen.values[: self._one(1, 2)])
            rows = replace(rows, attributes=((chosen.column, values),))
        return rows

    def _values(self, dimension: Dimension) -> list[str]:
        if dimension not in self._named:
            found = self._rows[_COLUMNS[dimension]].unique()
            self._named[dimension] = [item for item in found if isinstance(item, str)]
        return self._named[dimension]

    def _some(self, dimension: Dimension) -> tuple[str, ...]:
        values = self._values(dimension)
        if self._chance(0.04):
            return ("' nobody \\",)
        count = min(self._one(1, 1, 2, 3, 4), len(values))
        return tuple(values[int(i)] for i in self._random.permutation(len(values))[:count])

    def _held(self, rows: dict[str, pd.DataFrame], metric: Metric) -> bool:
        return bool(
            (rows[self._dataset.dataset]["measurement_type"] == metric.measurement_type).any()
        )

    def _chance(self, share: float) -> bool:
        return bool(self._random.random() < share)

    def _one(self, *items: Any) -> Any:
        return items[int(self._random.integers(len(items)))]


def _later(start: datetime, length: timedelta) -> datetime:
    """So much absolute time later, at a whole civil day if whole days were meant."""
    zone = brasilia()
    if length % timedelta(days=1):
        return (start.astimezone(UTC) + length).astimezone(zone)
    return (start.replace(tzinfo=None) + length).replace(tzinfo=zone)


def kind_of(made: QueryPlan) -> str:
    """What a plan is about, in a word: for counting."""
    special = {
        "versions": made.versions, "ratio": made.ratio, "minus": made.minus,
        "flow": made.rows.pair, "spread": made.spread, "several datasets": made.also,
        "numerator": made.numerator, "threshold": made.threshold,
    }  # fmt: skip
    named = next((name for name, there in special.items() if there), None)
    return named or f"{made.operation.value}"
