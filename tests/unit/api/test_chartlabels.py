"""Labels of instants by their spacing and of numbers by language."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from ons_platform.api.chartlabels import instant_labels, number_format, readable

START = datetime(2022, 12, 31)  # noqa: DTZ001 - civil time


@pytest.mark.parametrize(
    ("gap", "count", "language", "first", "last"),
    [
        (timedelta(hours=1), 24, "pt", "00:00", "23:00"),
        (timedelta(hours=1), 40, "pt", "31 dez 00h", "1 jan 15h"),
        (timedelta(hours=1), 24 * 40, "en", "31 Dec", "8 Feb"),
        (timedelta(days=1), 30, "pt", "31 dez", "29 jan"),
        (timedelta(days=31), 3, "pt", "dez 2022", "mar 2023"),
        (timedelta(days=1), 800, "en", "Dec 2022", "Mar 2025"),
        (timedelta(days=365), 3, "en", "2022", "2024"),
    ],
)
def test_labels_are_as_coarse_as_the_spacing(
    gap: timedelta, count: int, language: str, first: str, last: str
) -> None:
    labels = instant_labels([START + gap * index for index in range(count)], language)
    assert (labels[0], labels[-1]) == (first, last)


def test_one_or_no_instant_has_labels() -> None:
    assert instant_labels([START], "pt") == ["31 dez"]
    assert instant_labels([], "pt") == []


@pytest.mark.parametrize(
    ("step", "language", "text"),
    [
        (1000, "pt", "12.346"),
        (1000, "en", "12,346"),
        (0.5, "pt", "12.345,7"),
        (0.001, "en", "12,345.679"),
    ],
)
def test_numbers_have_the_decimals_that_tell_steps_apart(
    step: float, language: str, text: str
) -> None:
    assert number_format(step, language)(12_345.6789) == text


def test_nothing_is_written_of_no_value() -> None:
    assert number_format(1, "pt")(None) == ""


def test_only_iso_labels_are_read_as_dates() -> None:
    assert readable(("2023-01-01", "2023-02-01"), "en") == ["Jan 2023", "Feb 2023"]
    assert readable(("SE", "2023-01-01"), "en") == ["SE", "2023-01-01"]
