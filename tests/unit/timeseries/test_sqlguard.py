"""The raw SQL guard: a red-team list refused, a list of honest queries run on the real engine."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.errors import UnsafeQuery
from ons_platform.lake.canonical import CANONICAL_SCHEMA
from ons_platform.timeseries.sqlguard import MAX_CHARACTERS, GuardedQuery, guard

LISTS = Path(__file__).parents[2] / "fixtures" / "queries"
TABLES = {dataset.table: dataset.dataset for dataset in catalog()}
HOSTILE = [
    query
    for queries in yaml.safe_load((LISTS / "sql_hostile.yaml").read_text()).values()
    for query in queries
]
BENIGN = yaml.safe_load((LISTS / "sql_benign.yaml").read_text())


def check(sql: str, max_rows: int = 1000) -> GuardedQuery:
    return guard(sql, TABLES, max_rows=max_rows)


@pytest.fixture(scope="module")
def engine() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"enable_external_access": "false"})
    for table in TABLES:
        empty = CANONICAL_SCHEMA.empty_table()
        connection.register("incoming", empty)
        connection.execute(f"CREATE TABLE {table} AS SELECT * FROM incoming")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def test_the_lists_are_long_enough() -> None:
    assert len(set(HOSTILE)) >= 90
    assert len(set(BENIGN)) >= 90


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_queries_are_refused_with_a_place(sql: str) -> None:
    with pytest.raises(UnsafeQuery) as refused:
        check(sql)
    position = refused.value.where["position"]
    assert position["line"] >= 1
    assert position["column"] >= 1
    assert refused.value.where["details"][0]["field"] == "query"


@pytest.mark.parametrize("sql", BENIGN)
def test_benign_queries_run(sql: str, engine: duckdb.DuckDBPyConnection) -> None:
    guarded = check(sql)
    engine.execute(guarded.sql).fetchall()
    assert guarded.tables <= TABLES.keys()


@pytest.mark.parametrize("sql", BENIGN)
def test_a_guarded_query_passes_again_unchanged(sql: str) -> None:
    once = check(sql)
    assert check(once.sql, max_rows=1001) == once


@given(st.text(max_size=200))
def test_any_text_is_refused_or_read_only(text: str) -> None:
    try:
        guarded = check("SELECT " + text)
    except UnsafeQuery:
        return
    assert guarded.tables <= TABLES.keys()


@given(
    st.lists(
        st.sampled_from(
            [
                *("SELECT", "FROM", "curva_carga", "WITH", "x", "AS", "(", ")", ",", "1", "*"),
                *("read_csv", "WHERE", "UNION", "JOIN", "ON", "getenv", '"/etc/passwd"', ".", ";"),
            ]
        ),
        max_size=25,
    )
)
def test_any_sequence_of_words_is_refused_or_names_only_what_it_may(words: list[str]) -> None:
    try:
        guarded = check(" ".join(words))
    except UnsafeQuery:
        return
    for forbidden in ("read_csv", "getenv"):
        assert f"{forbidden}(" not in guarded.sql.lower().replace(" ", "")
    assert 'FROM "/etc/passwd"' not in guarded.sql


def test_the_place_is_that_of_the_refused_part() -> None:
    with pytest.raises(UnsafeQuery) as refused:
        check("SELECT region,\n       getenv('HOME')\nFROM curva_carga")
    assert refused.value.where["position"] == {"line": 2, "column": 8}
    assert "getenv" in refused.value.message


def test_a_syntax_error_points_at_its_token() -> None:
    with pytest.raises(UnsafeQuery) as refused:
        check("SELECT value\nFROM WHERE region = 'SE'")
    assert refused.value.where["position"] == {"line": 2, "column": 6}


def test_an_unknown_table_names_those_there_are() -> None:
    with pytest.raises(UnsafeQuery, match=r"There is no table carga; there is .*curva_carga"):
        check("SELECT * FROM carga")


@pytest.mark.parametrize("bucket", ["energy_data", "generation_data"])
def test_a_bucket_is_no_table_and_the_refusal_names_the_tables(bucket: str) -> None:
    with pytest.raises(UnsafeQuery, match=rf"{bucket} is a bucket.* are tables: .*curva_carga"):
        check(f"SELECT * FROM {bucket}")


@pytest.mark.parametrize(
    ("sql", "limit"),
    [
        ("SELECT * FROM curva_carga", 11),
        ("SELECT * FROM curva_carga LIMIT 5", 5),
        ("SELECT * FROM curva_carga LIMIT 10", 10),
        ("SELECT * FROM curva_carga LIMIT 5000", 11),
        ("SELECT 1 UNION ALL SELECT 2", 11),
        ("SELECT 1 UNION ALL SELECT 2 LIMIT 2", 2),
    ],
)
def test_a_limit_is_forced(sql: str, limit: int) -> None:
    assert check(sql, max_rows=10).sql.endswith(f"LIMIT {limit}")


def test_comments_do_not_reach_the_engine() -> None:
    assert "secret" not in check("SELECT 1 /* secret */ -- secret").sql


def test_tables_are_those_read_under_any_spelling() -> None:
    guarded = check('SELECT * FROM "CURVA-CARGA" a JOIN Carga_Energia b USING (timestamp)')
    assert guarded.tables == {"curva_carga", "carga_energia"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '" + "a" * MAX_CHARACTERS + "'",
        "SELECT " + "(" * 500 + "1" + ")" * 500,
        "SELECT " + "NOT " * 3000 + "true",
        "SELECT 1" + "+1" * 5000,
        "SELECT 1" + "::INT" * 3000,
        "SELECT " + ",".join(["1"] * 6000),
        "SELECT " + "[" * 2000,
        "SELECT 1 " + "UNION SELECT 1 " * 1000,
    ],
)
def test_size_and_depth_are_limited(sql: str) -> None:
    with pytest.raises(UnsafeQuery):
        check(sql)
