"""The shape of a dataset's YAML: the one place where a dataset is described."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

ColumnType = Literal["string", "number", "instant", "date"]
Role = Literal[
    "time",
    "region",
    "state",
    "source",
    "entity_id",
    "entity_name",
    "attribute",
    "measure",
    "unused",
]
DatasetType = Literal["generation", "consumption", "transmission", "operation"]
Grain = Literal["PT30M", "PT1H", "P1D", "P1W"]
Aggregate = Literal["mean", "sum", "last"]


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
    file; `values` maps what the file says (folded) to the canonical value (for `source` columns).
    """

    name: str
    type: ColumnType
    role: Role
    aliases: tuple[str, ...] = ()
    optional: bool = False
    description: Text | None = None


class Measure(Frozen):
    """A numeric column turned into canonical rows.

    `valid` is the closed interval outside of which a value is flagged `out_of_range` (it is kept).
    `refuse` is the closed interval outside of which a value cannot be that quantity at all: a file
    where over one percent of the values fall outside is refused (a lost decimal point).
    """

    column: str
    measurement_type: str
    unit: str
    energy_source: str | None = None
    valid: tuple[float, float] | None = None
    refuse: tuple[float, float] | None = None


class Time(Frozen):
    """Which column says when, and what it means: Brasília civil time, start or end of interval."""

    column: str
    kind: Literal["local_instant", "local_date"]
    label: Literal["start", "end"] = "start"


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


class Rules(Frozen):
    """Quality rules beyond the ranges of the measures."""

    identity: Identity | None = None


class Influx(Frozen):
    """Bucket and field names of the time-series store (TSD-5…7): measurement_type -> field."""

    bucket: str
    fields: dict[str, str]


class Metric(Frozen):
    """A quantity people ask for, and how this dataset answers.

    `measurement_type` selects the canonical rows (for reference data: the numeric column).
    `aggregate` is what an unqualified question means. `energy` says that value x hours is energy
    (MWmed -> MWh). `sin` says how the whole system is obtained: from its own row, as the sum of
    the subsystems, or not at all (a price is not additive). `preference`: higher answers first
    when several datasets hold the metric.
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


class Questions(Frozen):
    """How people ask for this dataset."""

    names: Names
    metrics: tuple[Metric, ...]


class Dataset(Frozen):
    """One ONS dataset: what it is, how it is read, checked, stored and asked for."""

    dataset: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: Text
    description: Text
    url: str
    licence: str = "CC-BY"
    kind: Literal["series", "reference"]
    dataset_type: DatasetType
    grain: Grain | None = None
    files: Files
    time: Time | None = None
    columns: tuple[Column, ...]
    measures: tuple[Measure, ...] = ()
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
    def _consistent(self) -> Dataset:
        names = [column.name for column in self.columns]
        if len(names) != len(set(names)):
            raise ValueError(f"{self.dataset}: a column is listed twice")
        measures = {column.name for column in self.columns if column.role == "measure"}
        described = {measure.column for measure in self.measures}
        if self.kind == "series":
            if self.time is None or self.grain is None:
                raise ValueError(f"{self.dataset}: a series needs `time` and `grain`")
            if self.time.column not in names:
                raise ValueError(f"{self.dataset}: time column {self.time.column} is not a column")
            if measures != described:
                raise ValueError(
                    f"{self.dataset}: columns with role measure and `measures` differ: "
                    f"{sorted(measures ^ described)}"
                )
        return self
