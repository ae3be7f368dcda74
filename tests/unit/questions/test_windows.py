from __future__ import annotations

from datetime import datetime

import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.lake.zone import brasilia
from ons_platform.questions.windows import civil, previous_year, window


@pytest.mark.parametrize(
    ("start", "end", "label"),
    [
        ("2023-01-01", "2024-01-01", "2023"),
        ("2023-12-01", "2024-01-01", "2023-12"),
        ("2023-03-15", "2023-03-16", "2023-03-15"),
        ("2023-03-15T18:00", "2023-03-15T19:00", "2023-03-15T18:00"),
        ("2023-03-15", "2023-04-02", "2023-03-15/2023-04-01"),
        ("2023-03-15T07:00", "2023-03-15T10:00", "2023-03-15T07:00/2023-03-15T10:00"),
    ],
)
def test_labels(start: str, end: str, label: str) -> None:
    ends = [datetime.fromisoformat(text).replace(tzinfo=brasilia()) for text in (start, end)]
    assert window(ends[0], ends[1], catalog()["curva-carga"]).label == label


def test_instants_follow_daylight_saving_time() -> None:
    year = window(civil(2018), civil(2019), catalog()["curva-carga"])
    assert year.start.isoformat() == "2018-01-01T02:00:00+00:00"
    winter = window(civil(2018, 6), civil(2018, 7), catalog()["curva-carga"])
    assert winter.start.isoformat() == "2018-06-01T03:00:00+00:00"


def test_a_week_belongs_to_the_month_of_its_friday() -> None:
    january = window(civil(2024, 1), civil(2024, 2), catalog()["cmo-semanal"])
    assert january.start == civil(2023, 12, 26)
    assert january.end == civil(2024, 1, 26)


def test_a_day_means_the_week_it_lies_in() -> None:
    day = window(civil(2024, 1, 10), civil(2024, 1, 11), catalog()["cmo-semanal"])
    starts = [civil(2024, 1, number) for number in (4, 6, 10)]
    assert [day.start <= start < day.end for start in starts] == [True, True, True]
    assert not day.start <= civil(2024, 1, 3) < day.end


def test_a_year_earlier_also_from_a_leap_day() -> None:
    leap = window(civil(2024, 2, 29), civil(2024, 3, 1), catalog()["curva-carga"])
    assert previous_year(leap, catalog()["curva-carga"]).civil_start == civil(2023, 2, 28)
