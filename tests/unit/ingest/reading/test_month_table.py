"""Tables with a column a month."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from ons_platform.catalog.model import Column, MonthTable
from ons_platform.errors import RejectedFile
from ons_platform.ingest.reading.month_table import MonthTableSource, month_columns

MONTHS = ["jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"]
LAYOUT = MonthTable(entity="posto", time="mes", value="vazao")
WANTED = {
    0: Column(name="posto", type="string", role="entity_name"),
    1: Column(name="mes", type="date", role="time"),
    2: Column(name="vazao", type="number", role="measure"),
}
NAME = "VAZOES_MENSAIS_1931_2019"


def read(
    header: list[str], rows: list[list[Any]]
) -> tuple[MonthTableSource, list[tuple[Any, ...]]]:
    months = month_columns(header)
    source = MonthTableSource("f", LAYOUT, months, lambda: list(enumerate(rows, start=2)))
    found: list[tuple[Any, ...]] = []
    for batch in source.batches(WANTED):
        columns = [batch.columns[column.name].to_pylist() for column in WANTED.values()]
        found += zip(batch.rows.tolist(), *columns, strict=True)
    return source, found


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["", "", *MONTHS, "jan-dez"], dict(zip(range(2, 14), range(1, 13), strict=True))),
        (
            ["Ano", "Janeiro", "FEV.", "Março", "abril", "Mai", "jun"],
            {month: month for month in range(1, 7)},
        ),
        (["jan", "fev", "mar", "abr", "mai"], {}),
        (["id", "jan"] * 6, {}),
    ],
)  # fmt: skip
def test_six_months_make_such_a_header(header: list[str], expected: dict[int, int]) -> None:
    assert month_columns(header) == expected


def test_names_are_filled_down_and_statistics_and_notes_are_counted() -> None:
    values = [float(month) for month in range(12)]
    source, found = read(
        ["", "", *MONTHS, "jan-dez"],
        [
            [None] * 15,
            ["CAMARGOS (1)", 1931.0, *values, 9],
            [None, "1932", *values],
            [None, "min(1931 - 1932)", *values],
            ["ITUTINGA (2)"],
            [None, 1931, *values[:11]],
            ["Fonte: ONS"],
        ],
    )
    assert [(row, name, month) for row, name, month, _ in found[::12]] == [
        (3, "CAMARGOS (1)", datetime(1931, 1, 1)),  # noqa: DTZ001
        (4, "CAMARGOS (1)", datetime(1932, 1, 1)),  # noqa: DTZ001
        (7, "ITUTINGA (2)", datetime(1931, 1, 1)),  # noqa: DTZ001
    ]
    assert [value for *_, value in found] == [*values, *values, *values[:11], None]
    assert source.remarks[0].details == {"count": 3}
    assert not source.bad_count


def test_a_row_of_numbers_without_a_year_is_a_bad_row() -> None:
    source, found = read(
        ["", "", *MONTHS], [["A", 1931, *range(12)], [None, "19E2", *range(12)], ["B", None, 5]]
    )
    assert len(found) == 12
    assert source.bad_count == 24
    assert [(place.row, place.value) for place in source.bad_rows] == [(3, "19E2"), (4, "")]


def test_the_year_may_be_the_first_column() -> None:
    _, found = read(["ano", *MONTHS], [[1931, *range(12)]])
    assert found[0][1:3] == (None, datetime(1931, 1, 1))  # noqa: DTZ001


def workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append([None, None, *MONTHS])
    book.active.append(["CAMARGOS (1)", 1931, *[100 + month for month in range(12)]])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def csv() -> bytes:
    numbers = ";".join(f"{100 + month},0" for month in range(12))
    return f"Vazões\n;;{';'.join(MONTHS)}\nCAMARGOS (1);1931;{numbers}\n".encode("latin-1")


@pytest.mark.parametrize(
    ("name", "content"),
    [(f"{NAME}.xlsx", workbook()), (f"{NAME}.csv", csv()), ("vazoes.csv", csv())],
)
def test_the_platform_reads_them_by_name_and_by_header(
    room: Any, name: str, content: bytes
) -> None:
    outcome = room.ingest(name, content)
    rows = room.rows(outcome).sort_values("timestamp")
    assert outcome.dataset == "ons-vazoes"
    assert rows["value"].tolist() == [float(100 + month) for month in range(12)]
    assert set(rows["entity_name"]) == {"CAMARGOS (1)"}


def test_months_under_the_name_of_another_dataset_are_refused(room: Any) -> None:
    with pytest.raises(RejectedFile, match="missing columns"):
        room.ingest("CURVA_CARGA_2023.csv", csv())
