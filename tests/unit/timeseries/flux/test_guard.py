"""The raw Flux guard: hostile queries refused with a place, honest ones rewritten as promised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ons_platform.errors import UnsafeQuery
from ons_platform.timeseries.flux import FluxLimits, guard_flux
from ons_platform.timeseries.flux.limits import MAX_CHARACTERS
from ons_platform.timeseries.flux.parser import parse
from ons_platform.timeseries.flux.writer import write

QUERIES = Path(__file__).parents[3] / "fixtures" / "queries"
HOSTILE = [
    query
    for queries in yaml.safe_load((QUERIES / "flux_hostile.yaml").read_text("utf-8")).values()
    for query in queries
]
BENIGN = yaml.safe_load((QUERIES / "flux_benign.yaml").read_text("utf-8"))
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
READ = 'from(bucket: "generation_data") |> range(start: -1d)'


def check(query: str, max_rows: int = 1000) -> str:
    return guard_flux(query, now=NOW, limits=FluxLimits(max_rows=max_rows)).query


def refusal(query: str) -> UnsafeQuery:
    with pytest.raises(UnsafeQuery) as refused:
        check(query)
    return refused.value


def test_the_lists_are_long_enough() -> None:
    assert len(set(HOSTILE)) >= 120
    assert len(set(BENIGN)) >= 120


@pytest.mark.parametrize("query", HOSTILE)
def test_hostile_queries_are_refused_with_a_place(query: str) -> None:
    refused = refusal(query)
    assert refused.where["position"]["line"] >= 1
    assert refused.where["position"]["column"] >= 1
    assert refused.where["details"][0]["field"] == "query"


@pytest.mark.parametrize("query", BENIGN)
def test_benign_queries_pass_and_what_is_written_is_flux(query: str) -> None:
    written = check(query)
    assert write(parse(written)) == written
    assert "limit(n: 1001)" in written
    assert written.count("option now = () => 2026-03-31T12:00:00Z") == 1


@pytest.mark.parametrize("query", BENIGN)
def test_what_the_guard_wrote_can_be_sent_again(query: str) -> None:
    written = check(query)
    again = guard_flux(written, now=NOW + timedelta(days=1), limits=FluxLimits()).query
    assert again.startswith(written[: written.index("\n") + 1])
    assert again.count("|> range(") == written.count("|> range(")


@pytest.mark.parametrize("query", BENIGN)
def test_a_query_parses_the_same_when_it_is_written(query: str) -> None:
    tree = parse(query)
    assert parse(write(tree)) == tree


def test_a_relative_month_is_a_calendar_month_and_the_range_is_absolute() -> None:
    written = check('from(bucket: "generation_data") |> range(start: -1mo)')
    assert "range(start: 2026-02-28T12:00:00Z, stop: 2026-03-31T12:00:00Z)" in written


def test_a_read_without_range_gets_all_the_store_holds() -> None:
    written = check('from(bucket: "generation_data") |> mean()')
    assert "|> range(start: 2019-04-02T12:00:00Z, stop: 2026-03-31T12:00:00Z)" in written


def test_a_range_older_than_the_store_begins_where_the_store_does() -> None:
    assert "start: 2019-04-02T12:00:00Z" in check(
        'from(bucket: "generation_data") |> range(start: 0) |> last()'
    )
    old = 'from(bucket: "generation_data") |> range(start: 1990-01-01, stop: 1991-01-01)'
    assert "start: 1990-01-01T00:00:00Z, stop: 1991-01-01T00:00:00Z" in check(old)


def test_energy_data_is_a_union_with_range_and_filters_in_each() -> None:
    written = check(
        'from(bucket: "energy_data") |> range(start: -1h) |> filter(fn: (r) => r.region == "S")'
        " |> mean()"
    )
    assert written.count("|> range(") == written.count("|> filter(") == 4
    assert written.count("|> mean()") == 1


def test_energy_data_is_only_the_buckets_its_filters_can_mean() -> None:
    guarded = check(
        'from(bucket: "energy_data") |> range(start: -1h)'
        ' |> filter(fn: (r) => r._measurement == "generation_data" and r._value > 1.0)'
    )
    assert "union" not in guarded
    assert 'from(bucket: "generation_data")' in guarded


def test_energy_data_by_another_name_of_from_is_the_same_union() -> None:
    query = 'ler = from\nler(bucket: "energy_data") |> range(start: -1h) |> mean()'
    assert check(query).count("ler(bucket: ") == 4
    assert "distinct" not in check(query)


def test_old_and_portuguese_names_become_the_stores() -> None:
    written = check(
        'from(bucket: "geração") |> range(start: -1h) |> filter(fn: (r) => r["regiao"] == "sudeste"'
        ' and r._measurement == "power_mw" and r.fonte != "eólica") |> group(columns: ["regiao"])'
    )
    assert 'r["region"] == "SE" and r._field == "power_mw" and r.energy_source != "wind"' in written
    assert 'group(columns: ["region"])' in written
    assert 'from(bucket: "generation_data")' in written


def test_a_column_of_the_querys_own_keeps_its_name() -> None:
    query = (
        READ + ' |> map(fn: (r) => ({r with fonte: "x"})) |> filter(fn: (r) => r.fonte == "sul")'
    )
    assert 'r.fonte == "sul"' in check(query)


def test_each_result_is_cut_without_cutting_what_follows() -> None:
    written = check(READ + ' |> yield(name: "a") |> mean() |> yield(name: "b")', max_rows=10)
    assert written.count("|> limit(n: 11)\n    |> yield") == 2
    assert "_ons2 = _ons1\n    |> mean()" in written


def test_a_function_called_with_several_periods_keeps_its_parameter() -> None:
    query = (
        'f = (start) => from(bucket: "generation_data") |> range(start: start) |> mean()\n'
        'f(start: -1d) |> yield(name: "a")\nf(start: -2d) |> yield(name: "b")'
    )
    assert "range(start: start)" in check(query)
    assert "different things" in refusal(query.replace("-2d", "-1mo")).message


def test_the_place_is_that_of_the_token() -> None:
    refused = refusal('x = 1\nfrom(bucket: "nenhum") |> range(start: -1h)')
    assert refused.where["position"] == {"line": 2, "column": 14}
    refused = refusal(READ + "\n  |> to(bucket: 1)")
    assert refused.where["position"] == {"line": 2, "column": 6}


@pytest.mark.parametrize(
    "query",
    [
        "(" * 5_000,
        "-" * 19_000 + "1",
        "not " * 4_000 + "true",
        "[" * 9_000 + "]" * 9_000,
        "x = " + "+".join("1" * 9_000),
        READ + " |> limit(n: 1)" * 1_200,
        "f = " + "() => " * 3_000 + "1",
        '"' + "${" * 5_000,
        "x = " + "if true then " * 1_000,
        "a" * 20_000,
        "/" * 20_000,
        "".join(f"f{i} = (x) => f{i - 1}(x: f{i - 1}(x: x))\n" for i in range(1, 500)),
        "f0 = (x) => x\n"
        + "".join(f"f{i} = (x) => f{i - 1}(x: f{i - 1}(x: x))\n" for i in range(1, 400)),
        "x" * (MAX_CHARACTERS + 1),
    ],
)
def test_what_grows_is_refused_soon(query: str) -> None:
    assert refusal(query).where["position"]["line"] >= 1


WORDS = st.sampled_from(
    [
        *('"generation_data"', "from", "range", "(", ")", "bucket", ":", "|>", "r", ".", "=>", "="),
        *("{", "}", "[", "]", ",", "-1h", "1", "1.5", "if", "then", "else", "and", "not", "with"),
        *("import", "option", "<-", "tables", '"', "${", "/", "//", "fn", "é", "exists", "==", "x"),
        "mean()",
        "\0",
        "\n",
    ]
)


@given(st.one_of(st.text(max_size=300), st.lists(WORDS, max_size=80).map(" ".join)))
@settings(max_examples=300, deadline=None)
def test_any_text_is_guarded_or_refused(text: str) -> None:
    try:
        written = check(text)
    except UnsafeQuery:
        return
    assert write(parse(written)) == written


@given(st.sampled_from(BENIGN), st.data())
@settings(max_examples=300, deadline=None)
def test_mutants_of_honest_queries_are_guarded_or_refused(query: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(query)))
    stop = data.draw(st.integers(start, min(len(query), start + 20)))
    text = query[:start] + data.draw(WORDS) + query[stop:]
    try:
        written = check(text)
    except UnsafeQuery:
        return
    assert write(parse(written)) == written
