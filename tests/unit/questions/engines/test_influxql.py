"""InfluxQL of a plan: what it says, that nothing said can leave its quotes, and what is refused.

That its answers are right is shown on a real server in integration/test_plan_engines.py.
"""

# ruff: noqa: DTZ001 - civil readings have no zone

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.questions.engines.influxql import MAX_STATEMENTS, render_influxql
from ons_platform.questions.engines.influxql_text import instant, literal, name, number, one_of
from ons_platform.questions.engines.notrenderable import NotRenderable
from ons_platform.questions.engines.stretches import Stretch, cells, stretches
from ons_platform.questions.engines.tally import floor
from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import QueryPlan, Rows
from ons_platform.questions.windows import civil, window
from ons_platform.timeseries.client import QlSeries
from ons_platform.timeseries.influxql.lexer import tokens

LOAD = catalog()["curva-carga"]


def plan(**changes: Any) -> QueryPlan:
    """The mean load of 2018."""
    whole = window(civil(2018), civil(2019), LOAD)
    made = QueryPlan(
        LOAD, LOAD.questions.metrics[0], Operation.AGGREGATE, Aggregate.MEAN, (whole,),
        Rows(regions=("SE",)), parts=1,
    )  # fmt: skip
    return replace(made, **changes)


# -- quoting -------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=("Cs",), min_codepoint=32), max_size=60))
def test_a_quoted_text_is_one_word_that_says_what_was_put_in(text: str) -> None:
    text = text.replace("\x7f", "")
    for written, kind in ((literal(text), "text"), (name(text), "quoted")):
        word, end = tokens(written)
        assert (word.kind, word.text) == (kind, text)
        assert end.kind == "end"


@given(st.text(alphabet="'\"\\;/*- \nno", max_size=20))
def test_no_text_ends_its_condition(text: str) -> None:
    words = tokens(f"{one_of('plant_name', [text])} AND x")
    assert [word.kind for word in words] == ["quoted", "sign", "text", "name", "name", "end"]
    assert words[2].text == text


@pytest.mark.parametrize("text", ["a\x00b", "a\rb", "a\tb", "\ud800"])
def test_what_the_scanner_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(NotRenderable):
        literal(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_in_digits_and_read_back_the_same(value: float) -> None:
    written = number(value)
    assert float(written) == value
    assert set(written) <= set("-0123456789.")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_number_is_no_threshold(value: float) -> None:
    with pytest.raises(NotRenderable):
        number(value)


def test_instants_are_utc() -> None:
    assert instant(civil(2018)) == "'2018-01-01T02:00:00Z'"
    assert instant(datetime(2018, 1, 1, 0, 0, 1, 5, UTC)) == "'2018-01-01T00:00:01.000005Z'"


# -- statements ----------------------------------------------------------------------------------


def test_a_row_that_is_a_value_of_its_own_is_aggregated_by_the_server() -> None:
    query = render_influxql(plan(idle=frozenset({"quality_flag"})))
    assert [read.way for read in query.reads] == ["totals", "first", "last"]
    assert query.database == "consumption_data"
    assert query.text.startswith(
        'SELECT sum("demand_mw") AS v, count("demand_mw") AS n '
        'FROM "consumption_data".."consumption_data" WHERE "dataset" = \'curva-carga\' '
        "AND time >= '2018-01-01T02:00:00Z' AND time < '2019-01-01T02:00:00Z' "
        "AND \"region\" = 'SE';\n"
    )


def test_months_are_stretches_of_their_own_across_daylight_saving_time() -> None:
    query = render_influxql(plan(bucket=Bucket.MONTH, idle=frozenset({"quality_flag"})))
    assert len(query.reads) == 3 * 12
    assert "time < '2018-03-01T03:00:00Z'" in query.text
    assert "time >= '2018-12-01T02:00:00Z'" in query.text


def test_what_comes_together_at_an_instant_is_added_up_by_the_server() -> None:
    together = plan(rows=Rows(regions=("SE", "S")), parts=2, by=(Dimension.STATE,))
    values, flags = render_influxql(together).reads
    assert 'GROUP BY time(1u), "state" fill(none)' in values.text
    assert values.text.startswith('SELECT sum("demand_mw") AS v, count("demand_mw") AS n FROM')
    assert "\"quality_flag\" != 'inconsistent'" in values.text
    assert 'count("demand_mw_missing") AS m0' in flags.text
    assert flags.text.endswith('GROUP BY "quality_flag"')


def test_many_months_are_read_instant_by_instant() -> None:
    decades = window(civil(1980), civil(2024), LOAD)
    query = render_influxql(plan(bucket=Bucket.MONTH, windows=(decades,)))
    assert len(query.reads) == 2 < MAX_STATEMENTS
    assert query.reads[0].way == "value"


def test_what_influxql_cannot_say_is_told() -> None:
    revised = catalog()["cvu-usitermica"]
    with pytest.raises(NotRenderable, match="revisions"):
        render_influxql(plan(dataset=revised, versions=revised.questions.versions))
    with pytest.raises(NotRenderable, match="no place"):
        render_influxql(plan(dataset=catalog()["subestacao"]))
    with pytest.raises(NotRenderable, match="no tag for nom_subsistema"):
        render_influxql(plan(rows=Rows(attributes=(("nom_subsistema", ("SUL",)),))))
    with pytest.raises(NotRenderable, match="no field for scheduled"):
        render_influxql(plan(minus="scheduled"))
    nothing = replace(plan().windows[0], end=plan().windows[0].start)
    with pytest.raises(NotRenderable, match="empty"):
        render_influxql(plan(windows=(nothing,)))


# -- answers -------------------------------------------------------------------------------------

_SHOWN_TWICE = datetime(2018, 2, 18, 1, tzinfo=UTC)
"""From then on Brasília shows 23:00 for two hours."""


def values(*found: float) -> list[QlSeries]:
    """A value an hour."""
    start = int(_SHOWN_TWICE.timestamp()) * 1_000_000
    rows: list[list[Any]] = [
        [start + hour * 3_600_000_000, value] for hour, value in enumerate(found)
    ]
    return [QlSeries("consumption_data", {}, ["time", "v"], rows)]


def test_an_hour_shown_twice_is_one_bucket() -> None:
    made = plan(rows=Rows(), parts=0, bucket=Bucket.HOUR, idle=frozenset({"quality_flag"}))
    rows = render_influxql(made).rows([values(2.0, 4.0, 8.0)])
    told = [(row["bucket"], row["value"], row["n"]) for row in rows]
    assert told == [(datetime(2018, 2, 17, 23), 3.0, 2), (datetime(2018, 2, 18), 8.0, 1)]
    assert rows[0]["first"] == _SHOWN_TWICE


def test_hours_of_the_day_are_chosen_by_the_clock() -> None:
    made = plan(rows=Rows(hours=(23,)), parts=0, idle=frozenset({"quality_flag"}))
    (row,) = render_influxql(made).rows([values(2.0, 4.0, 8.0)])
    assert (row["value"], row["n"]) == (3.0, 2)


def test_the_first_of_equal_extremes_counts() -> None:
    made = plan(
        rows=Rows(), parts=0, aggregate=Aggregate.MAX, bucket=Bucket.YEAR,
        idle=frozenset({"quality_flag"}), negate=True,
    )  # fmt: skip
    (row,) = render_influxql(made).rows([values(2.0, 2.0, 8.0)])
    assert (row["value"], row["at"]) == (-2.0, _SHOWN_TWICE)


def test_a_plan_without_values_has_no_rows() -> None:
    query = render_influxql(plan())
    flags = QlSeries(
        "consumption_data", {"quality_flag": "missing"}, ["time", "n0", "m0"], [[0, 0, 3]]
    )
    assert query.rows([[], [], [], [flags]]) == []


# -- time ----------------------------------------------------------------------------------------


def test_an_instant_of_several_windows_belongs_to_the_first_where_they_are_told_apart() -> None:
    year = window(civil(2018), civil(2019), LOAD)
    march = window(civil(2018, 3), civil(2018, 4), LOAD)
    apart = plan(windows=(march, year), by=(Dimension.WINDOW,))
    assert stretches(apart) == [
        Stretch(year.start, march.start, 1),
        Stretch(march.start, march.end, 0),
        Stretch(march.end, year.end, 1),
    ]
    assert stretches(plan(windows=(march, year))) == [Stretch(year.start, year.end)]


def test_cells_are_civil_months_cut_at_the_ends() -> None:
    found = list(cells(Stretch(civil(2018, 1, 20), civil(2018, 3, 5)), Bucket.MONTH))
    assert [bucket for bucket, _ in found] == [datetime(2018, month, 1) for month in (1, 2, 3)]
    assert [cell.start for _, cell in found] == [
        civil(2018, 1, 20), civil(2018, 2), civil(2018, 3),
    ]  # fmt: skip
    assert found[-1][1].end == civil(2018, 3, 5)


@pytest.mark.parametrize(
    ("bucket", "expected"),
    [
        (Bucket.INTERVAL, datetime(2018, 3, 15, 14, 30)),
        (Bucket.HOUR_OF_DAY, 14),
        (Bucket.HOUR, datetime(2018, 3, 15, 14)),
        (Bucket.DAY, datetime(2018, 3, 15)),
        (Bucket.WEEK, datetime(2018, 3, 12)),
        (Bucket.MONTH, datetime(2018, 3, 1)),
        (Bucket.YEAR, datetime(2018, 1, 1)),
    ],
)
def test_buckets_of_a_civil_time(bucket: Bucket, expected: datetime | int) -> None:
    assert floor(datetime(2018, 3, 15, 14, 30), bucket) == expected
