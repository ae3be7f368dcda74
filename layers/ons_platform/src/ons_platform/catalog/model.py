"""The shape of a dataset's YAML: the one place where a dataset is described."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from ons_platform.catalog.consistency import problems

ColumnType = Literal["string", "number", "instant", "date"]
Role = Literal[
    "time",
    "region",
    "state",
    "source",
    "region_to",
    "entity_id",
    "entity_name",
    "time_part",
    "attribute",
    "measure",
    "unused",
]
DatasetType = Literal["generation", "consumption", "transmission", "operation"]
Grain = Literal["PT30M", "PT1H", "P1D", "P1W", "P1M", "P1Y", "event"]
"""Length of the interval a value stands for; an `event` happens at an instant and has none."""
Canonical = Literal["region", "state", "energy_source", "entity_id", "entity_name"]
Aggregate = Literal["mean", "sum", "last", "count"]

TRUSTED = "trusted"
"""Validation context of entries that passed every check before (the compiled catalogue)."""


class Frozen(BaseModel):
    """Base of every catalogue model: immutable, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Text(Frozen):
    """A text in both languages."""

    pt: str
    en: str


class Names(Frozen):
    """What people call a thing, per language; folded (case, accents) before comparison."""

    pt: tuple[str, ...] = ()
    en: tuple[str, ...] = ()


class Column(Frozen):
    """One column as ONS serves it.

    `aliases` are the other names it had over the years; `optional` columns may be absent from a
    file. `also` is a second role of the same column: a load area is an entity, and those of them
    that are subsystems are regions too (what the vocabulary of the second role does not know is
    left empty there). `unit` is for numbers that are no measure (a measure states its own).
    """

    name: str
    type: ColumnType
    role: Role
    also: Literal["region", "source", "state"] | None = None
    aliases: tuple[str, ...] = ()
    optional: bool = False
    unit: str | None = None
    description: Text | None = None


class Variant(Frozen):
    """Rows of a measure that are another quantity: where each column says (folded) one of `when`.

    Tables that hold months and years, several indicators or several levels in one column.
    """

    measurement_type: str
    when: dict[str, tuple[str, ...]] = Field(min_length=1)


class Measure(Frozen):
    """A numeric column turned into canonical rows.

    `valid` is the closed interval outside of which a value is flagged `out_of_range` (it is kept).
    `refuse` is the closed interval outside of which a value cannot be that quantity at all: a file
    where over one percent of the values fall outside is refused (a lost decimal point).
    A row is of the first of the `variants` that fits, otherwise of `measurement_type`.
    """

    column: str
    measurement_type: str
    unit: str
    energy_source: str | None = None
    valid: tuple[float, float] | None = None
    refuse: tuple[float, float] | None = None
    variants: tuple[Variant, ...] = ()

    @property
    def measurement_types(self) -> tuple[str, ...]:
        """All its rows may have."""
        return (self.measurement_type, *(item.measurement_type for item in self.variants))


class Difference(Frozen):
    """A measure computed within a row: `minuend` - `subtrahend`, both measure columns.

    Curtailed power is reference minus verified generation, at least `floor`, and only where the
    column `where` is filled; elsewhere, and where a term is empty, there is no row.
    """

    measurement_type: str
    unit: str
    minuend: str
    subtrahend: str
    floor: float | None = None
    where: str | None = None


class TimePart(Frozen):
    """A whole number in another column that is added to the time: a day, an hour, a `patamar`.

    The value `first` adds nothing, the next one adds one `unit`, and so on.
    """

    column: str
    unit: Literal["PT30M", "PT1H", "P1D"]
    first: int = 0


class Time(Frozen):
    """Which column says when, and what it means: start or end of the interval.

    `local_*` are Brasília civil time, `utc_instant` is UTC. A `local_month` is any date in the
    month. `parts` are added to the column's value before it is placed in time; with a part smaller
    than a day the sum is an instant.
    """

    column: str
    kind: Literal["local_instant", "local_date", "local_month", "utc_instant"]
    label: Literal["start", "end"] = "start"
    parts: tuple[TimePart, ...] = ()


class MonthTable(Frozen):
    """A spreadsheet with one column a month (`jan` … `dez`), one row a year, an entity above.

    It is read as if it had three columns: `entity` (filled down), `time` (first of the month) and
    `value`.
    """

    entity: str
    time: str
    value: str


class Files(Frozen):
    """File-name patterns over the years; `{YYYY}`, `{MM}` and `{DD}` stand for digits."""

    patterns: tuple[str, ...]
    first_year: int = 2000


class Identity(Frozen):
    """A sum that must hold at each instant and region: sum(plus) - sum(minus) = total ± tolerance.

    Terms are `measurement_type` or `measurement_type:energy_source`. Rows of a group that breaks it
    are flagged `inconsistent`.
    """

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    total: str
    tolerance: float


class Doubled(Frozen):
    """A day's mean may not be `between` so many times the median of the days around it.

    Rows of such a day are flagged `suspect`.
    """

    measurement_type: str
    between: tuple[float, float] = (1.7, 2.3)


class Jump(Frozen):
    """A step from one value to the next may not exceed `factor` times the file's typical step.

    `at_least` is a step (in the measure's unit) that is never a jump. A value that leaps up and
    back is flagged `suspect`.
    """

    measurement_type: str
    factor: float
    at_least: float


class Quiet(Frozen):
    """Between two civil hours (`hours`, both included, over midnight) a source produces nothing.

    Other values are flagged `suspect`: the night's constant 1.0 of solar generation.
    """

    measurement_type: str
    energy_source: str | None = None
    hours: tuple[int, int]
    tolerance: float = 0.0


class Forecast(Frozen):
    """Rows whose `column` says (folded) one of `values` are forecasts, flagged `forecast`."""

    column: str
    values: tuple[str, ...]


class Break(Frozen):
    """From this civil day on a quantity means something else; comparisons across it say so.

    `measurement_types` are those it holds for; none means all of the dataset.
    """

    starts: date
    text: Text
    measurement_types: tuple[str, ...] = ()


class Rules(Frozen):
    """Quality rules beyond the ranges of the measures.

    `complete`: every entity has a row at every step of the grain, each day; gaps are reported.
    """

    identity: Identity | None = None
    complete: bool = False
    doubled: tuple[Doubled, ...] = ()
    jumps: tuple[Jump, ...] = ()
    quiet: tuple[Quiet, ...] = ()
    forecast: Forecast | None = None
    breaks: tuple[Break, ...] = ()


class Influx(Frozen):
    """Bucket and field names of the time-series store (TSD-5…7): measurement_type -> field."""

    bucket: str
    fields: dict[str, str]


class Ratio(Frozen):
    """What a percentage or a factor of several things together is: `scale` x sum / sum.

    `numerator` and `denominator` are measurement types of the same rows. With `per`, the percentage
    (of `scale`) that a row's `denominator` is of what is divided by: an inflow over its percentage
    of the long-term average is that average. Over time it is the `mean` of the instants, or again
    the `sum` of all numerators over that of all denominators.
    """

    numerator: str
    denominator: str
    per: str | None = None
    scale: float = 1.0
    over_time: Literal["mean", "sum"] = "mean"


class Metric(Frozen):
    """A quantity people ask for, and how this dataset answers.

    `measurement_type` selects the canonical rows (for reference data: the numeric column, or the
    column whose different values are counted where `aggregate` is `count`).
    `aggregate` is what an unqualified question means. `energy` says that value x hours is energy
    (MWmed -> MWh). `sin` says how the whole system is obtained: from its own row, as the sum of
    the subsystems, or not at all (a price is not additive). `preference`: higher answers first
    when several datasets hold the metric. `ratio` says what it is of several things together, where
    neither sum nor mean is. `of` is the id of the quantity that this one is where two places (of a
    dataset with a `region_to`) or one of its `regions` are named: the exchange with Argentina.
    `regions` are the only ones it can be asked of; none means any. `plan_of` is the measurement
    type of which this one was the schedule: a deviation is that minus this.
    """

    id: str
    measurement_type: str
    title: Text
    names: Names
    unit: str
    aggregate: Aggregate = "mean"
    energy: bool = False
    sin: Literal["row", "sum", "none"] = "none"
    preference: int = 0
    by_source: bool = False
    by_plant: bool = False
    by_state: bool = False
    ratio: Ratio | None = None
    of: str | None = None
    plan_of: str | None = None
    regions: tuple[str, ...] = ()


class FilterValue(Frozen):
    """A value of a column that people name: `CNF` is "for reliability reasons"."""

    value: str
    title: Text
    names: Names


class Filter(Frozen):
    """An attribute column by whose values questions may be narrowed.

    With `unit` it is a number column, and any number with that unit narrows: "500 kV".
    """

    column: str
    values: tuple[FilterValue, ...] = ()
    unit: str | None = None


class Questions(Frozen):
    """How people ask for this dataset.

    `filters` are restrictions by attribute that people say in words. `versions` are the attribute
    columns by which rows of the same thing and time are told apart as revisions: the newest counts.
    """

    names: Names
    metrics: tuple[Metric, ...]
    filters: tuple[Filter, ...] = ()
    versions: tuple[str, ...] = ()


class Dataset(Frozen):
    """One ONS dataset: what it is, how it is read, checked, stored and asked for.

    `constants` are canonical values that hold for every row of a file without such a column (the
    file of Itaipu does not name the plant).
    """

    dataset: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: Text
    description: Text
    url: str
    licence: str = "CC-BY"
    kind: Literal["series", "reference"]
    dataset_type: DatasetType
    grain: Grain | None = None
    files: Files
    layout: MonthTable | None = None
    time: Time | None = None
    columns: tuple[Column, ...]
    constants: dict[Canonical, str] = {}
    measures: tuple[Measure, ...] = ()
    derived: tuple[Difference, ...] = ()
    key: tuple[str, ...]
    rules: Rules = Rules()
    influxdb: Influx | None = None
    questions: Questions

    @property
    def table(self) -> str:
        """Name in SQL: the slug with underscores."""
        return self.dataset.replace("-", "_")

    @property
    def attributes(self) -> tuple[str, ...]:
        """ONS columns kept as they are beside the canonical ones."""
        return tuple(column.name for column in self.columns if column.role == "attribute")

    def column(self, role: Role) -> Column | None:
        """The first column with that role."""
        return next((column for column in self.columns if column.role == role), None)

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Dataset:
        if info.context != TRUSTED:
            found = [f"{self.dataset}: {field}: {what}" for field, what in problems(self)]
            if found:
                raise ValueError("\n  ".join(found))
        return self
