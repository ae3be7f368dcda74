"""Every dataset of the catalogue reads a plausible file of its own: recognised, placed, kept whole.

The file is made from the dataset's YAML alone: one entity, and for every further key column that a
file can vary one more entity that differs from the first in that column only. Were a column of the
key not read, not kept or not compared, those rows would be taken for repetitions of the first.
"""

# ruff: noqa: DTZ001 - civil readings have no zone

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pandas as pd
import pytest

from intervals import STEPS, time_cells
from ons_platform.catalog.model import Column, Dataset, Measure
from ons_platform.catalog.registry import catalog
from ons_platform.catalog.vocabulary import fold
from ons_platform.errors import UnknownDataset
from ons_platform.ingest.reading.header import recognise

EVERY = [item for item in catalog() if item.layout is None]
MONTH_TABLES = [item for item in catalog() if item.layout is not None]
every = pytest.mark.parametrize("dataset", EVERY, ids=lambda item: item.dataset)

_NOON = datetime(2024, 5, 14, 12)
"""A Tuesday without daylight saving time, late enough for the sun to shine."""
_ROLES = {"energy_source": "source"}
_ENTITY = ("region", "region_to", "state", "energy_source", "entity_id", "entity_name")
_WORDS = {
    "region": ("SUDESTE/CENTRO-OESTE", " Sul "),
    "region_to": ("Nordeste", "NORTE"),
    "state": ("BA", "RS"),
    "source": ("HIDROELÉTRICA", "Térmica"),
}
_CODES = {"region": ("SE", "S"), "region_to": ("NE", "N"), "source": ("hydro", "thermal")}


@dataclass(frozen=True)
class Row:
    """One row of the made file: when its interval starts, and the measures it must become."""

    start: datetime
    cells: dict[str, str]
    values: dict[str, float] = field(default_factory=dict)


# -- making a file -------------------------------------------------------------------------------


def starts(dataset: Dataset) -> list[datetime]:
    """Civil starts of three intervals in a row."""
    if dataset.grain == "P1M":
        return [datetime(2024, month, 1) for month in (3, 4, 5)]
    if dataset.grain == "P1Y":
        return [datetime(year, 1, 1) for year in (2021, 2022, 2023)]
    step = STEPS[dataset.grain or "PT1H"]
    first = _NOON if step < timedelta(days=1) else _NOON.replace(hour=0)
    return [first + count * step for count in range(3)]


def described(column: Column, other: bool) -> str:
    """A cell of a column that is neither time nor measure; `other` is the second entity's."""
    role = column.also if column.also in _WORDS else column.role
    if role in _WORDS:
        return _WORDS[role][other]
    if column.type == "number":
        return "2.5" if other else "1.5"
    if column.type in {"date", "instant"}:
        day = "2020-02-02" if other else "2020-01-01"
        return day if column.type == "date" else f"{day} 10:00:00"
    return f"{column.name} {'B' if other else 'A'}"


def number(measure: Measure, index: int) -> float:
    """A value of a measure, within its range and different for every row."""
    low, high = measure.valid or (0.0, 100.0)
    near = min(max(low, 0.0), high)
    width = min(high - near, 50.0) if high > near else max(low - near, -50.0)
    return round(near + width * (0.5 + index / 1000), 6)


def measured(dataset: Dataset, index: int, names: set[str]) -> dict[str, float]:
    """The measures of a row by column; an identity holds among them."""
    values = {m.column: number(m, index) for m in dataset.measures if m.column in names}
    identity = dataset.rules.identity
    if identity is not None:
        by_term = {
            f"{m.measurement_type}:{m.energy_source}" if m.energy_source else m.measurement_type:
            m.column for m in dataset.measures
        }  # fmt: skip
        total = sum(values[by_term[term]] for term in identity.plus)
        total -= sum(values[by_term[term]] for term in identity.minus)
        values[by_term[identity.total]] = round(total, 6)
    return values


def varied(dataset: Dataset, columns: Sequence[Column]) -> list[str | None]:
    """The first entity (None), then for every key column a file can vary one more."""
    names: list[str | None] = [None]
    times = {part.column for part in dataset.time.parts} if dataset.time else set()
    for key in dataset.key:
        role = _ROLES.get(key, key)
        for column in columns:
            by_role = dataset.kind == "series" and role in (column.role, column.also)
            if (by_role or column.name == key) and column.name not in times | {None, *names}:
                names.append(column.name)
    return [name for name in names if name is None or _tells(dataset, name)]


def _tells(dataset: Dataset, name: str) -> bool:
    column = next(item for item in dataset.columns if item.name == name)
    return column.role not in {"time", "time_part", "measure", "unused"}


def entities(dataset: Dataset, columns: Sequence[Column]) -> list[dict[str, str]]:
    """The describing cells of each entity of the file; one more for each variant of a measure."""
    plain = [column for column in columns if _plain(column)]
    first, *others = (
        {c.name: described(c, c.name == different) for c in plain}
        for different in varied(dataset, columns)
    )
    names = {column.name for column in plain}
    variants = [
        first | {name: words[0] for name, words in variant.when.items()}
        for measure in dataset.measures
        for variant in measure.variants
        if set(variant.when) <= names
    ]
    unique = {tuple(sorted(cells.items())): cells for cells in (first, *others, *variants)}
    return list(unique.values())


def kind_of(measure: Measure, cells: Mapping[str, str]) -> str:
    """The measurement type of a measure in a row with these cells."""
    for variant in measure.variants:
        said = {name: {fold(word) for word in words} for name, words in variant.when.items()}
        if all(fold(cells.get(name, "")) in words for name, words in said.items()):
            return variant.measurement_type
    return measure.measurement_type


def rows_of(dataset: Dataset, columns: Sequence[Column]) -> list[Row]:
    """The rows of a file with these columns."""
    names = {column.name for column in columns}
    found: list[Row] = []
    moments = starts(dataset) if dataset.kind == "series" else [_NOON]
    for own in entities(dataset, columns):
        for start in moments:
            values = measured(dataset, len(found), names)
            cells = own | {name: repr(value) for name, value in values.items()}
            if dataset.kind == "series":
                cells |= time_cells(dataset, start)
            found.append(Row(start, cells, values))
    return found


def _plain(column: Column) -> bool:
    return column.role not in {"time", "time_part", "measure"}


def text(dataset: Dataset, columns: Sequence[Column], names: Sequence[str]) -> str:
    """The file as ONS writes CSV, its columns under the given names."""
    lines = [";".join(names)]
    for row in rows_of(dataset, columns):
        lines.append(";".join(row.cells[column.name] for column in columns))
    return "\n".join(lines) + "\n"


def file_name(pattern: str) -> str:
    """A file name of a pattern."""
    stem = pattern.replace("{YYYY}", "2024").replace("{MM}", "05").replace("{DD}", "14")
    return f"{stem}.csv"


# -- what must come of it ------------------------------------------------------------------------


def utc(start: datetime) -> pd.Timestamp:
    """The UTC start of an interval that begins at this civil reading."""
    return pd.Timestamp(start.replace(tzinfo=ZoneInfo("America/Sao_Paulo"))).tz_convert("UTC")


def expected(dataset: Dataset, columns: Sequence[Column]) -> list[tuple[Any, ...]]:
    """Instant, kind and value of every row of the lake, sorted; no difference below its floor."""
    found: list[tuple[Any, ...]] = []
    for row in rows_of(dataset, columns):
        moment = utc(row.start)
        for measure in dataset.measures:
            if measure.column in row.values:
                found.append((moment, kind_of(measure, row.cells), row.values[measure.column]))
        for item in dataset.derived:
            if {item.minuend, item.subtrahend} <= set(row.values) and _holds(item.where, row):
                value = row.values[item.minuend] - row.values[item.subtrahend]
                floor = value if item.floor is None else max(value, item.floor)
                found.append((moment, item.measurement_type, floor))
    return sorted((moment, kind, round(value, 6)) for moment, kind, value in found)


def _holds(where: str | None, row: Row) -> bool:
    return where is None or bool(row.cells.get(where))


def check(room: Any, dataset: Dataset, columns: Sequence[Column], names: Sequence[str]) -> None:
    """The file becomes exactly the rows it says, without a flag, each under a key of its own."""
    name = file_name(dataset.files.patterns[0])
    outcome = room.ingest(name, text(dataset, columns, names))
    assert outcome.dataset == dataset.dataset
    report = room.report(outcome)
    assert report["rows_skipped"] == 0, report
    rows = room.rows(outcome)
    if dataset.kind == "reference":
        assert len(rows) == len(rows_of(dataset, columns)), report
    else:
        said = zip(rows["timestamp"], rows["measurement_type"], rows["value"].round(6), strict=True)
        assert sorted(said) == expected(dataset, columns), report
    assert set(rows["quality_flag"]) == {"ok"}, report
    assert not rows.duplicated(subset=list(dataset.key)).any()
    _check_codes(dataset, columns, rows)


def _check_codes(dataset: Dataset, columns: Sequence[Column], rows: pd.DataFrame) -> None:
    """Words of the closed sets became codes; constants are there."""
    for column in columns:
        for role in {str(column.role), str(column.also)} & set(_CODES):
            canonical = next((key for key, said in _ROLES.items() if said == role), role)
            found = {item for item in rows[canonical] if not pd.isna(item)}
            assert found <= set(_CODES[role]), (column.name, found)
            assert found
    for canonical, value in dataset.constants.items():
        assert set(rows[canonical]) == {value}


# -- the tests -----------------------------------------------------------------------------------


@every
def test_a_file_as_served(make_room: Callable[[], Any], dataset: Dataset) -> None:
    check(make_room(), dataset, dataset.columns, [c.name for c in dataset.columns])


@every
def test_a_file_with_the_other_names_of_its_columns(
    make_room: Callable[[], Any], dataset: Dataset
) -> None:
    names = [(*c.aliases, c.name)[0].upper() for c in dataset.columns]
    check(make_room(), dataset, dataset.columns, names)


@every
def test_a_file_without_optional_columns_in_another_order(
    make_room: Callable[[], Any], dataset: Dataset
) -> None:
    columns = [c for c in reversed(dataset.columns) if not c.optional and c.role != "unused"]
    check(make_room(), dataset, columns, [c.name for c in columns])


@pytest.mark.parametrize("dataset", MONTH_TABLES, ids=lambda item: item.dataset)
def test_a_table_of_months(make_room: Callable[[], Any], dataset: Dataset) -> None:
    months = ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"]
    book = openpyxl.Workbook()
    book.active.append(["POSTO", "ANO", *months])
    said: list[tuple[pd.Timestamp, str, float]] = []
    for entity in ("A (1)", "B (2)"):
        for year in (2021, 2022):
            values = [number(dataset.measures[0], len(said) + month) for month in range(12)]
            book.active.append([entity, year, *values])
            kind = dataset.measures[0].measurement_type
            said += [
                (utc(datetime(year, month, 1)), kind, value)
                for month, value in enumerate(values, start=1)
            ]
    stream = io.BytesIO()
    book.save(stream)
    room = make_room()
    name = file_name(dataset.files.patterns[0]).replace(".csv", ".xlsx")
    rows = room.rows(room.ingest(name, stream.getvalue()))
    found = zip(rows["timestamp"], rows["measurement_type"], rows["value"].round(6), strict=True)
    assert sorted(found) == sorted(said)
    assert set(rows["entity_name"]) == {"A (1)", "B (2)"}
    assert set(rows["quality_flag"]) == {"ok"}


@pytest.mark.parametrize("dataset", list(catalog()), ids=lambda item: item.dataset)
def test_each_of_its_file_names_says_which_dataset_it_is(dataset: Dataset) -> None:
    for pattern in dataset.files.patterns:
        found = catalog().by_name(file_name(pattern))
        assert found is not None
        assert found.dataset == dataset.dataset


@every
def test_its_header_alone_says_which_dataset_it_is(dataset: Dataset) -> None:
    header = [c.name for c in dataset.columns]
    if not twins(dataset):
        found = recognise("download.csv", header, catalog())
        assert found.match.dataset.dataset == dataset.dataset
        return
    with pytest.raises(UnknownDataset) as unclear:
        recognise("download.csv", header, catalog())
    assert {dataset.dataset, *twins(dataset)} <= set(unclear.value.where["candidates"])


@every
def test_its_key_tells_places_and_things_apart(dataset: Dataset) -> None:
    roles = {column.role for column in dataset.columns} | {c.also for c in dataset.columns}
    if dataset.kind == "reference":
        return
    things = {"entity_id", "entity_name"}
    if things & roles:
        assert things & set(dataset.key)
    elif "region" in roles:
        assert "region" in dataset.key
    assert "region_to" not in roles or {"region", "region_to"} <= set(dataset.key)
    assert "source" not in roles or things & roles or "energy_source" in dataset.key


def twins(dataset: Dataset) -> list[str]:
    """Other datasets whose columns are the same: only a file's name tells them apart."""
    own = {column.name for column in dataset.columns if column.role != "unused"}
    return [
        other.dataset
        for other in catalog()
        if other.dataset != dataset.dataset
        and own == {column.name for column in other.columns if column.role != "unused"}
    ]
