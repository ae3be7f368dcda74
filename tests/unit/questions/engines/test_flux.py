"""Flux of a plan: what it says, that nothing said can leave its quotes, and what is refused.

That its answers are right is shown on a real server in integration/test_plan_engines.py and
test_flux_plan.py.
"""

# ruff: noqa: DTZ001 - civil readings have no zone

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.lake.zone import brasilia
from ons_platform.questions.engines.clock import clocks
from ons_platform.questions.engines.flux import render_flux
from ons_platform.questions.engines.flux_source import runs
from ons_platform.questions.engines.flux_text import duration, flux_string, number, one_of
from ons_platform.questions.engines.flux_whole import render_whole
from ons_platform.questions.engines.notrenderable import NotRenderable
from ons_platform.questions.engines.stretches import Stretch
from ons_platform.questions.engines.tally import floor
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import QueryPlan, Rows
from ons_platform.questions.quantities import Threshold
from ons_platform.questions.windows import civil, window
from ons_platform.timeseries.annotated_csv import FluxTable
from ons_platform.timeseries.flux.parser import parse
from ons_platform.timeseries.flux.syntax import Evaluation, Text
from ons_platform.timeseries.instants import rfc3339

LOAD = catalog()["curva-carga"]
START = datetime(2020, 1, 1, 3, tzinfo=UTC)


def plan(**changes: Any) -> QueryPlan:
    """The mean load of the Southeast in 2020, by months."""
    whole = window(civil(2020), civil(2021), LOAD)
    made = QueryPlan(
        LOAD, LOAD.questions.metrics[0], Operation.AGGREGATE, Aggregate.MEAN, (whole,),
        Rows(regions=("SE",)), bucket=Bucket.MONTH, idle=frozenset({"quality_flag"}),
    )  # fmt: skip
    return replace(made, **changes)


def system(**changes: Any) -> QueryPlan:
    """The mean of the sum of two subsystems, whole in 2020."""
    return plan(rows=Rows(regions=("S", "SE")), parts=2, bucket=None, **changes)


def table(name: str, values: list[Any], times: list[datetime] | None = None, **tags: str) -> Any:
    columns: dict[str, list[Any]] = {tag: [text] * len(values) for tag, text in tags.items()}
    if times is not None:
        columns["_time"] = list(times)
    return FluxTable(name, dict(tags), {**columns, "_value": values})


# -- texts and numbers ---------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
def test_a_text_is_one_literal_that_says_what_was_put_in(text: str) -> None:
    (statement,) = parse(flux_string(text)).statements
    assert isinstance(statement, Evaluation)
    assert isinstance(statement.value, Text)
    assert statement.value.value == text


@given(st.text(alphabet="\"\\${}()|>='r. \nno", max_size=30))
def test_no_text_ends_computes_or_comments(text: str) -> None:
    written = flux_string(text)[1:-1]
    assert not set(written) & set('"${}|>=\n')
    assert all(written[i + 1] == "x" for i, char in enumerate(written) if char == "\\")


def test_half_a_character_is_refused() -> None:
    with pytest.raises(NotRenderable):
        flux_string("\ud800")


def test_numbers_and_instants_are_written_out() -> None:
    assert number(1e22) == "10000000000000000000000.0"
    assert number(-1e-7) == "-0.0000001"
    assert duration(timedelta(hours=3)) == "10800s"
    assert duration(timedelta(microseconds=1)) == "1us"
    assert rfc3339(datetime(2018, 11, 4, 0, 0, 0, 1, tzinfo=brasilia())).endswith(".000001Z")
    assert one_of("a", ["x", "y"]) == '(r["a"] == "x" or r["a"] == "y")'
    with pytest.raises(NotRenderable):
        number(float("inf"))


# -- the clock -----------------------------------------------------------------------------------


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2022, 1, 1)),
    st.integers(1, 4_000 * 24),
)
def test_stretches_of_one_clock_cover_all_and_keep_their_distance(begin: Any, hours: int) -> None:
    start = begin.replace(microsecond=0, tzinfo=UTC)
    whole = Stretch(start, start + timedelta(hours=hours), 3)
    found = list(clocks([whole]))
    assert [found[0].stretch.start, found[-1].stretch.end] == [whole.start, whole.end]
    for before, after in pairwise(found):
        assert before.stretch.end == after.stretch.start
        assert before.offset != after.offset
    for clock in found:
        ends = (clock.stretch.start, clock.stretch.end - timedelta(seconds=1))
        assert {end.astimezone(brasilia()).utcoffset() for end in ends} == {clock.offset}
        assert clock.stretch.window == 3


def test_the_day_without_midnight_and_the_hour_twice_are_edges() -> None:
    year = Stretch(datetime(2018, 1, 1, 2, tzinfo=UTC), datetime(2019, 1, 1, 2, tzinfo=UTC))
    edges = [clock.stretch.end for clock in clocks([year])]
    assert edges[:2] == [datetime(2018, 2, 18, 2, tzinfo=UTC), datetime(2018, 11, 4, 3, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [((), [""]), ((18, 19), ["start: 21, stop: 22"]), ((20, 21), ["start: 0, stop: 0", "23"])],
)
def test_civil_hours_are_runs_of_hours_in_utc(hours: tuple[int, ...], expected: list[str]) -> None:
    found = runs(hours, timedelta(hours=-3))
    assert len(found) == len(expected)
    assert all(text in run for text, run in zip(expected, found, strict=True))


def test_clocks_of_minutes_have_no_hours_in_utc() -> None:
    with pytest.raises(NotRenderable):
        runs((3,), timedelta(hours=-3, minutes=-6))


# -- what is said --------------------------------------------------------------------------------


def ways(made: QueryPlan) -> list[str]:
    return [read.way for read in render_flux(made).reads]


def test_single_values_are_aggregated_by_the_storage_engine() -> None:
    text = render_flux(plan()).text
    assert "every: 1mo, offset: 10800s, fn: sum" in text
    assert "createEmpty: true" not in text
    assert "group(" not in text
    assert ways(plan()) == ["sum", "count", "first", "last"]
    assert ways(plan(aggregate=Aggregate.MAX, alternative=Aggregate.MIN))[4:] == ["max", "min"]


def test_each_clock_has_windows_of_its_own() -> None:
    year = window(civil(2018), civil(2019), LOAD)
    text = render_flux(plan(windows=(year,), bucket=Bucket.DAY)).text
    assert {"every: 1d, offset: 7200s", "every: 1d, offset: 10800s"} <= {
        line.split("(")[1].split(", fn")[0] for line in text.splitlines() if "aggregateW" in line
    }
    weeks = render_flux(plan(bucket=Bucket.WEEK)).text
    assert f"every: 1w, offset: {4 * 86400 + 10800}s" in weeks


def test_a_label_days_later_moves_the_windows_back() -> None:
    text = render_flux(plan(label_days=6, bucket=Bucket.MONTH)).text
    assert "every: 1d, offset: 10800s" in text


def test_what_is_added_up_comes_row_by_row() -> None:
    made = system()
    assert ways(made) == ["rows"]
    assert '"_time", "_value"]' in render_flux(made).text
    assert ways(plan(bucket=Bucket.INTERVAL)) == ["rows"]
    assert ways(plan(operation=Operation.RAMP, aggregate=Aggregate.RAMP_UP)) == ["rows"]
    assert ways(plan(rows=Rows(hours=(1, 5)))) == ["rows"]


def test_flags_are_counted_where_there_are_any() -> None:
    made = plan(idle=frozenset())
    assert ways(made)[-1] == "flags"
    assert '!= "inconsistent"' in render_flux(made).reads[0].text
    assert "demand_mw_missing" in render_flux(made).reads[-1].text


def test_a_threshold_is_a_filter_on_the_value() -> None:
    made = plan(bucket=None, threshold=Threshold("=", -5.0, None), aggregate=Aggregate.COUNT)
    assert ways(made)[-1] == "hits"
    assert "r._value == -5.0" in render_flux(made).text


@pytest.mark.parametrize(
    "changes",
    [
        {"aggregate": Aggregate.COUNT},
        {"windows": (window(civil(2020), civil(2020), LOAD),)},
        {"rows": Rows(pair=("SE", "S"))},
        {"minus": "no_such_kind"},
        {"dataset": catalog()["capacidade-geracao"]},
    ],
)
def test_what_the_store_has_no_place_for_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(NotRenderable):
        render_flux(plan(**changes))


def test_hostile_names_stay_values() -> None:
    name = '") |> drop(columns: ["${r.x}"]) // \\'
    text = render_flux(plan(rows=Rows(plants=(name,)))).text
    assert "drop(" not in text.replace(flux_string(name), "")
    assert len(parse(text).statements) == 4


# -- what comes back -----------------------------------------------------------------------------


def test_windows_of_several_series_and_clocks_are_one_bucket() -> None:
    made = plan(bucket=Bucket.YEAR, by=(Dimension.REGION,))
    at = [START, START + timedelta(hours=1)]
    tables = [
        table("0", [3.0, 5.0], at, region="SE"), table("1", [1, 3], at, region="SE"),
        table("2", [9.0, 9.0], at, region="SE"), table("3", [7.0, 8.0], at, region="SE"),
    ]  # fmt: skip
    assert render_flux(made).rows(tables) == [
        {
            "region": "SE", "bucket": datetime(2020, 1, 1), "value": 2.0, "n": 4, "at": at[1],
            "first": at[0], "last": at[1],
        }
    ]  # fmt: skip


def test_instants_that_lack_a_part_do_not_count() -> None:
    hours = [START + timedelta(hours=hour) for hour in range(3)]
    made = system()
    tables = [table("0", [1.0, 2.0, 4.0], hours), table("0", [10.0, 20.0], hours[:2])]
    (row,) = render_flux(made).rows(tables)
    assert (row["value"], row["n"], row["last"]) == (16.5, 2, hours[1])


def test_a_plan_of_which_nothing_is_there_has_no_rows() -> None:
    assert render_flux(plan()).rows([]) == []


# -- the whole in aggregates ---------------------------------------------------------------------


def answers(made: QueryPlan, counts: tuple[int, int], last: int = 3) -> Any:
    query = render_whole(made)
    assert query is not None
    numbers = {read.way: str(i) for i, read in enumerate(query.reads)}
    told = []
    for region, count in zip(("S", "SE"), counts, strict=True):
        tags = {"region": region, "quality_flag": "ok"}
        end = START + timedelta(hours=last)
        told += [
            table(numbers["count"], [count], **tags),
            table(numbers["first"], [1.0], [START], **tags),
            table(numbers["last"], [1.0], [end], **tags),
            table(numbers["sum"], [10.0 * count], **tags),
        ]
    return query.rows(told)


def test_as_many_values_as_intervals_prove_that_nothing_is_missing() -> None:
    (row,) = answers(system(), (4, 4))
    assert (row["value"], row["n"]) == (20.0, 4)
    assert (row["first"], row["at"]) == (START, START + timedelta(hours=3))


@pytest.mark.parametrize("counts", [(3, 4), (4, 3)])
def test_a_missing_value_is_no_proof(counts: tuple[int, int]) -> None:
    assert answers(system(), counts) is None
    assert answers(system(aggregate=Aggregate.SUM), counts) is None


def test_one_thing_at_every_instant_is_enough_where_one_is_asked_for() -> None:
    (row,) = answers(replace(system(), parts=0), (4, 2))
    assert (row["value"], row["n"]) == (15.0, 4)


@pytest.mark.parametrize(
    "changes",
    [
        {"parts": None},
        {"rows": Rows(regions=("S", "SE"), hours=(18,))},
        {"aggregate": Aggregate.LAST},
        {"bucket": Bucket.HOUR},
        {"spread": ("S", "SE")},
    ],
)
def test_only_sums_have_a_whole(changes: dict[str, Any]) -> None:
    assert render_whole(replace(system(), **changes)) is None


def test_extremes_are_those_of_sums_at_each_instant() -> None:
    query = render_whole(system(aggregate=Aggregate.MAX))
    assert query is not None
    assert [read.way for read in query.reads].count("max") == 3
    assert "every: 1us, fn: sum" in query.text


@pytest.mark.parametrize("bucket", [Bucket.DAY, Bucket.WEEK, Bucket.MONTH, Bucket.YEAR])
def test_instants_are_counted_by_civil_buckets(bucket: Bucket) -> None:
    first, last = datetime(2018, 2, 16, 5, tzinfo=UTC), datetime(2018, 11, 7, 9, tzinfo=UTC)
    made = replace(system(), bucket=bucket)
    hours = int((last - first) / timedelta(hours=1)) + 1
    query = render_whole(made)
    assert query is not None
    numbers = {read.way: str(i) for i, read in enumerate(query.reads)}
    told = []
    for region in ("S", "SE"):
        tags = {"region": region, "quality_flag": "ok"}
        told += [
            table(numbers["count"], [hours], **tags),
            table(numbers["first"], [1.0], [first], **tags),
            table(numbers["last"], [1.0], [last], **tags),
        ]
    rows = query.rows(told)
    expected: dict[Any, list[datetime]] = {}
    for hour in range(hours):
        at = first + timedelta(hours=hour)
        local = at.astimezone(brasilia()).replace(tzinfo=None)
        expected.setdefault(floor(local, bucket), []).append(at)
    assert rows is not None
    assert [(r["bucket"], r["n"], r["first"], r["last"]) for r in rows] == [
        (key, len(inside), inside[0], inside[-1]) for key, inside in expected.items()
    ]
