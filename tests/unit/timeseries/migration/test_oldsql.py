from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.errors import InvalidRequest
from ons_platform.timeseries.migration import oldsql
from ons_platform.timeseries.migration.oldsql import Table
from ons_platform.timeseries.migration.values import nanoseconds
from timestream import DATABASE, DIMENSIONS, MULTI, SINGLE, OldTimestream, multi, single

START = nanoseconds("2024-01-01 00:00:00.000000000")
DAY = 86_400 * 10**9
FORMS = {"multi": (MULTI,), "single": (SINGLE,), "mixed": (MULTI, SINGLE)}


def table(*forms: dict[str, str]) -> Table:
    columns = {**DIMENSIONS, "time": "timestamp"}
    for form in forms:
        columns |= form
    return Table(DATABASE, "generation_data", columns)


@pytest.fixture
def store() -> Iterator[OldTimestream]:
    made = OldTimestream(empty_pages=False)
    yield made
    made.close()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", ["export", "totals", "daily", "extent", "instants"])
def test_only_reads_and_is_sql(form: str, make: str) -> None:
    given = table(*FORMS[form])
    if make == "instants":
        sql = oldsql.instants(given, [START, START + DAY])
    else:
        sql = getattr(oldsql, make)(given, START, START + DAY)
    [parsed] = sqlglot.parse(sql, read="trino")
    assert isinstance(parsed, sqlglot.exp.Select)
    assert "2024-01-01 00:00:00.000000000" in sql


@pytest.mark.parametrize("form", FORMS)
def test_records_of_either_form_are_the_same_rows(store: OldTimestream, form: str) -> None:
    store.create("generation_data", *FORMS[form])
    at = "2024-01-01 05:00:00"
    rows = [
        ("2024-01-01 05:00:00", "generation", "SE", 1.5),
        ("2024-01-01 05:00:00", "generation", "S", None),
        ("2023-12-31 23:59:59", "generation", "SE", 7.0),
        ("2024-01-02 00:00:00", "generation", "SE", 8.0),
    ]
    records = [multi(*row) for row in rows]
    if form == "single":
        records = [part for row in rows for part in single(*row)]
    elif form == "mixed":
        records = [*records[:1], *single(*rows[1]), *records[2:]]
    store.add("generation_data", records)
    sql = oldsql.export(table(*FORMS[form]), START, START + DAY)
    found = store.answer({"QueryString": sql})["Rows"]
    cells = [[cell.get("ScalarValue") for cell in row["Data"]] for row in found]
    stamp = f"{at}.000000000"
    assert sorted(cells, key=str) == sorted(
        [
            [stamp, "generation", "SE", None, "MWmed", "ok", "1.5"],
            [stamp, "generation", "S", None, "MWmed", "ok", None],
        ],
        key=str,
    )


def test_whole_numbers_and_lacking_texts_are_read_too(store: OldTimestream) -> None:
    columns = {"measure_name": "VARCHAR", "measure_value::bigint": "BIGINT"}
    store.create("generation_data", columns)
    store.execute(
        f"INSERT INTO {DATABASE}.generation_data (time, measurement_type, measure_name,"
        f" \"measure_value::bigint\") VALUES (TIMESTAMP '2024-01-01', 'generation', 'value', 5)"
    )
    given = Table(DATABASE, "generation_data", {**DIMENSIONS, "time": "timestamp", **columns})
    [row] = store.answer({"QueryString": oldsql.export(given, START, START + DAY)})["Rows"]
    assert [cell.get("ScalarValue") for cell in row["Data"]][4:] == [None, None, "5.0"]


@given(st.text())
def test_a_literal_is_one_literal(text: str) -> None:
    quoted = oldsql.literal(text)
    assert quoted[1:-1].replace("''", "").count("'") == 0
    assert quoted[1:-1].replace("''", "'") == text


@pytest.mark.parametrize("name", ['a"; DROP', "", "ab", "ons energy", "x" * 300, "a'b'c"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="no name"):
        oldsql.describe(DATABASE, name)


def test_a_table_without_the_columns_says_which() -> None:
    with pytest.raises(InvalidRequest, match="has no region, energy_source"):
        oldsql.records(Table(DATABASE, "t01", {"measurement_type": "x", "value": "y"}), 0, 1)
    with pytest.raises(InvalidRequest, match="has no value"):
        oldsql.records(Table(DATABASE, "t01", dict(DIMENSIONS)), 0, 1)
