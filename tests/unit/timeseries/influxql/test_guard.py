"""The InfluxQL guard: a red-team list refused, a list of honest queries passed and bounded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.errors import UnsafeQuery
from ons_platform.timeseries.influxql.guard import GuardedInfluxql, guard_influxql
from ons_platform.timeseries.influxql.lexer import MAX_CHARACTERS
from ons_platform.timeseries.influxql.limits import InfluxqlLimits
from ons_platform.timeseries.points import BUCKETS

LISTS = Path(__file__).parents[3] / "fixtures" / "queries"
HOSTILE = [
    query
    for queries in yaml.safe_load((LISTS / "influxql_hostile.yaml").read_text("utf-8")).values()
    for query in queries
]
BENIGN = yaml.safe_load((LISTS / "influxql_benign.yaml").read_text("utf-8"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
WORDS = [
    *("SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "LIMIT", "INTO", "SHOW", "DROP", ";"),
    *("generation_data", "power_mw", '"_monitoring"', "..", ".", ",", "(", ")", "*", "/x/", "/"),
    *("time", "now()", "'2026-01-01'", "1h", "5", "=", ">", "=~", "AND", "OR", "time(1s)", "fill"),
    *("mean(", "TAG KEYS", "ON", "WITH KEY", "IN", "tz('UTC')", "AS", "-", "--", "/*", "'", '"'),
]


def check(query: str, max_rows: int = 1000, **more: str) -> GuardedInfluxql:
    return guard_influxql(query, now=NOW, limits=InfluxqlLimits(max_rows=max_rows), **more)


def test_the_lists_are_long_enough() -> None:
    assert len(set(HOSTILE)) >= 140
    assert len(set(BENIGN)) >= 125


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_are_refused_with_a_place(query: str) -> None:
    with pytest.raises(UnsafeQuery) as refused:
        check(query)
    lines = query.split("\n")
    position = refused.value.where["position"]
    assert 1 <= position["line"] <= len(lines)
    assert 1 <= position["column"] <= len(lines[position["line"] - 1]) + 1
    assert refused.value.where["details"][0]["field"] == "query"


@pytest.mark.parametrize("query", BENIGN)
def test_benign_queries_pass_and_are_bounded(query: str) -> None:
    guarded = check(query)
    assert guarded.buckets <= set(BUCKETS)
    assert guarded.database in guarded.buckets
    for statement in guarded.query.split("; S"):
        assert " LIMIT " in statement or "CARDINALITY" in statement
    if guarded.query.startswith("SELECT"):
        assert '"time" >= \'' in guarded.query
        assert '"time" < \'' in guarded.query


@pytest.mark.parametrize("query", [query for query in BENIGN if query[:6].lower() == "select"])
def test_a_guarded_query_passes_again_unchanged(query: str) -> None:
    once = check(query)
    assert check(once.query, max_rows=1001, database=once.database) == once


@given(st.text(max_size=200))
def test_any_text_is_refused_or_reads_our_buckets(text: str) -> None:
    _only_reads("SELECT " + text)
    _only_reads(text)


@given(st.lists(st.sampled_from(WORDS), max_size=25), st.sampled_from(["SELECT ", "SHOW ", ""]))
def test_any_sequence_of_words_is_refused_or_reads_our_buckets(words: list[str], head: str) -> None:
    _only_reads(head + " ".join(words))


@given(st.sampled_from(BENIGN), st.integers(0, 200), st.integers(0, 3), st.sampled_from(WORDS))
def test_a_query_with_a_word_put_in_is_refused_or_reads_our_buckets(
    query: str, place: int, cut: int, word: str
) -> None:
    _only_reads(query[:place] + word + query[place + cut :])


def _only_reads(query: str) -> None:
    try:
        guarded = check(query)
    except UnsafeQuery:
        return
    assert guarded.buckets <= set(BUCKETS)
    assert guarded.query.startswith(("SELECT ", "SHOW "))
    assert '"_monitoring"..' not in guarded.query
    again = check(guarded.query.split("; SHOW")[0], max_rows=1001, database=guarded.database)
    assert again.query == guarded.query.split("; SHOW")[0]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT '" + "a" * MAX_CHARACTERS + "'",
        "SELECT " + "(" * 500 + "1" + ")" * 500 + " FROM generation_data",
        "SELECT " + "abs(" * 200 + "x" + ")" * 200 + " FROM generation_data",
        "SELECT " + "-" * 3000 + "1 FROM generation_data",
        "SELECT 1" + "+1" * 5000 + " FROM generation_data",
        "SELECT " + ",".join(["x"] * 5000) + " FROM generation_data",
        "SELECT x FROM (" * 200 + "x" + ")" * 200,
        "SELECT x FROM generation_data WHERE x =~ /" + "a" * 500 + "/",
        'SELECT "' + "x" * 2000 + '" FROM generation_data',
    ],
)
def test_size_and_depth_are_limited(query: str) -> None:
    with pytest.raises(UnsafeQuery):
        check(query)


def test_long_but_flat_queries_pass() -> None:
    plants = " OR ".join(f"plant_name = 'plant {number}'" for number in range(600))
    assert check(f"SELECT mean(power_mw) FROM generation_data WHERE {plants}").buckets


def test_the_place_is_that_of_the_refused_part() -> None:
    with pytest.raises(UnsafeQuery) as refused:
        check("SELECT mean(power_mw)\n  INTO copy\nFROM generation_data")
    assert refused.value.where["position"] == {"line": 2, "column": 3}
    assert "INTO" in refused.value.message


@pytest.mark.parametrize(
    ("page", "limit"),
    [("", 11), ("LIMIT 5", 5), ("LIMIT 10", 10), ("LIMIT 5000", 11), ("LIMIT 0", 11)],
)
def test_a_limit_is_forced(page: str, limit: int) -> None:
    query = check(f"SELECT power_mw FROM generation_data {page}", max_rows=10).query
    assert query.endswith(f"LIMIT {limit}")


@pytest.mark.parametrize(
    ("query", "database", "reads"),
    [
        ("SELECT mean(power_mw) FROM generation_data", "energy_data", {"generation_data"}),
        ("SELECT mean(value) FROM demand_mw", "energy_data", {"consumption_data"}),
        ("SELECT mean(value) FROM demand_mw", "operation_data", {"operation_data"}),
        ("SELECT mean(value) FROM energy_data..power_mw", "energy_data", {"generation_data"}),
        ("SELECT mean(x) FROM energy_data", "energy_data", set(BUCKETS)),
        ("SELECT mean(x) FROM energy_data", "carga", {"consumption_data"}),
        ("SELECT mean(x) FROM /.*/", "transmissao", {"transmission_data"}),
        (
            "SELECT mean(x) FROM geracao, carga",
            "energy_data",
            {"generation_data", "consumption_data"},
        ),
        ("SELECT mean(x) FROM something", "generation_data", {"generation_data"}),
        ("SHOW FIELD KEYS FROM power_mw", "energy_data", {"generation_data"}),
        ("SHOW TAG KEYS ON carga", "energy_data", {"consumption_data"}),
        ("SHOW TAG KEYS", "energy_data", set(BUCKETS)),
    ],
)
def test_the_buckets_read_are_known(query: str, database: str, reads: set[str]) -> None:
    assert check(query, database=database).buckets >= reads
    assert check(query, database=database).buckets <= reads | {"operation_data"}


def test_a_bucket_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnsafeQuery, match="no bucket '_monitoring'"):
        check("SELECT x FROM generation_data", database="_monitoring")


def test_flux_is_told_to_be_flux() -> None:
    with pytest.raises(UnsafeQuery, match=r'"language": "flux"'):
        check('from(bucket: "generation_data") |> range(start: -1h)')


@pytest.mark.parametrize(
    ("query", "written"),
    [
        (
            (
                "SELECT mean(potência) FROM geração WHERE região = 'sudeste' AND fonte = 'UHE' "
                "AND time >= '2026-01-01' AND time < '2026-02-01' GROUP BY usina"
            ),
            (
                'SELECT mean("power_mw") FROM "generation_data".."generation_data" WHERE '
                "\"time\" >= '2026-01-01T00:00:00Z' AND \"time\" < '2026-02-01T00:00:00Z' "
                "AND \"region\" = 'SE' AND \"energy_source\" = 'hydro' "
                'GROUP BY "plant_name" LIMIT 11'
            ),
        ),
        (
            (
                "SELECT mean(value) FROM power_mw WHERE time >= '2026-01-01' "
                "AND time < '2026-02-01' GROUP BY time(1d) tz('America/Sao_Paulo')"
            ),
            (
                'SELECT mean("power_mw") FROM "generation_data".."generation_data" WHERE '
                "\"time\" >= '2026-01-01T03:00:00Z' AND \"time\" < '2026-02-01T03:00:00Z' "
                "GROUP BY time(1d) LIMIT 11 tz('America/Sao_Paulo')"
            ),
        ),
        (
            "SELECT * FROM power_mw WHERE time = '2026-01-01'",
            (
                'SELECT "power_mw", *::tag FROM "generation_data".."generation_data" WHERE '
                "\"time\" >= '2026-01-01T00:00:00Z' "
                "AND \"time\" < '2026-01-01T00:00:00.000000001Z' LIMIT 11"
            ),
        ),
        (
            (
                "SELECT max(potencia) FROM (SELECT power_mw * 2 AS potencia FROM generation_data) "
                "WHERE time >= '2026-01-01' AND time < '2026-02-01'"
            ),
            (
                'SELECT max("potencia") FROM (SELECT "power_mw" * 2 AS "potencia" FROM '
                '"generation_data".."generation_data" WHERE '
                "\"time\" >= '2026-01-01T00:00:00Z' AND \"time\" < '2026-02-01T00:00:00Z') WHERE "
                "\"time\" >= '2026-01-01T00:00:00Z' AND \"time\" < '2026-02-01T00:00:00Z' LIMIT 11"
            ),
        ),
        (
            "SHOW TAG VALUES FROM geracao WITH KEY IN (regiao, source) WHERE uf = 'são paulo'",
            (
                'SHOW TAG VALUES ON "generation_data" FROM "generation_data" '
                'WITH KEY IN ("region", "energy_source") WHERE "state" = \'SP\' LIMIT 11'
            ),
        ),
    ],
)
def test_what_runs_is_in_the_stores_own_names(query: str, written: str) -> None:
    assert check(query, max_rows=10).query == written
