"""Charts as SVG: no script, escaped texts, extremes kept, readable axes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.api.charts import render, thinned, ticks
from ons_platform.questions.answer import ChartSpec

START = datetime(2023, 1, 1)  # noqa: DTZ001 - civil time
HOSTILE = "<script>alert('x')</script> & \"more\""


def line(count: int, values: Sequence[float | None] = ()) -> str:
    labels = tuple((START + timedelta(hours=hour)).isoformat() for hour in range(count))
    drawn = tuple(values) or tuple(float(hour % 24) for hour in range(count))
    return render(ChartSpec("Carga", "MWmed", "line", labels, {"SE": drawn}), "pt")


def bars(values: dict[str, float], language: str) -> str:
    spec = ChartSpec("Carga", "MW", "bar", tuple(values), {"MW": tuple(values.values())})
    return render(spec, language)


def texts(svg: str) -> list[str]:
    return [
        "".join(node.itertext()) for node in Xml.fromstring(svg).iter() if node.tag.endswith("text")
    ]


def test_title_unit_and_days_are_written() -> None:
    found = texts(line(72))
    assert "Carga" in found
    assert "MWmed" in found
    assert {"1 jan", "2 jan", "3 jan"} <= set(found)


@pytest.mark.parametrize("kind", ["line", "bar"])
def test_texts_are_escaped_and_nothing_can_run(kind: Literal["line", "bar"]) -> None:
    labels = ("2023-01-01", "2023-01-02") if kind == "line" else (HOSTILE, "b")
    series = {HOSTILE: (1.0, 2.0), "b": (2.0, None)}
    svg = render(ChartSpec(HOSTILE, HOSTILE, kind, labels, series), "en")
    root = Xml.fromstring(svg)
    assert not [node for node in root.iter() if node.tag.endswith("}script")]
    assert not [name for node in root.iter() for name in node.attrib if name.startswith("on")]
    assert not re.search(r"(?:href|src)=|@import|url\(", svg)
    assert HOSTILE in texts(svg)


def test_the_same_chart_is_the_same_text() -> None:
    assert line(48) == line(48)


def test_values_stand_on_few_bars_in_the_language_of_the_chart() -> None:
    values = {"SE": 40_590.9, "S": 12_372.3}
    assert "40.591" in texts(bars(values, "pt"))
    assert "40,591" in texts(bars(values, "en"))


def test_long_names_lie_with_the_first_on_top() -> None:
    values = {f"Usina de nome comprido {number}": float(10 - number) for number in range(8)}
    heights = {
        "".join(node.itertext()): float(node.attrib["y"])
        for node in Xml.fromstring(bars(values, "pt")).iter()
        if node.tag.endswith("text") and "".join(node.itertext()) in values
    }
    assert sorted(values, key=heights.__getitem__) == list(values)


def test_gaps_are_drawn() -> None:
    assert "Carga" in texts(line(3, [1.0, None, 3.0]))


def test_many_points_stay_a_small_file() -> None:
    assert len(line(10_000)) < 400_000


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=300), st.integers(1, 40))
def test_thinning_keeps_the_extremes(values: list[float | None], buckets: int) -> None:
    kept = thinned(values, buckets)
    known = [item for item in values if item is not None]
    assert len(kept) <= max(2 * buckets, 0) or kept == values
    assert {item for item in kept if item is not None} <= set(known)
    if known:
        left = [item for item in kept if item is not None]
        assert (min(left), max(left)) == (min(known), max(known))


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_ticks_span_the_values_in_few_round_steps(low: float, span: float) -> None:
    marks = ticks(low, low + span)
    assert marks[0] <= low + 1e-9
    assert marks[-1] >= low + span - 1e-9
    assert 2 <= len(marks) <= 9
