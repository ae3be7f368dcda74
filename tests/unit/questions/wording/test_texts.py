from __future__ import annotations

import string
from datetime import datetime
from typing import Any

import pytest

from ons_platform.lake.zone import brasilia
from ons_platform.questions.intent import Bucket, Dimension, Note
from ons_platform.questions.wording import texts


@pytest.mark.parametrize(
    ("value", "language", "written"),
    [
        (46353.3375, "pt", "46.353,34"),
        (46353.3375, "en", "46,353.34"),
        (10999.0, "pt", "10.999"),
        (0.0123, "en", "0.0123"),
        (-0.5, "pt", "-0,5000"),
    ],
)
def test_numbers(value: float, language: Any, written: str) -> None:
    assert texts.number(value, language) == written


@pytest.mark.parametrize(
    ("start", "end", "language", "written"),
    [
        ("2023-01-01", "2024-01-01", "pt", "2023"),
        ("2023-01-01", "2023-02-01", "pt", "janeiro de 2023"),
        ("2023-01-01", "2023-02-01", "en", "January 2023"),
        ("2023-01-05", "2023-01-06", "pt", "05/01/2023"),
        ("2023-01-05T18:00", "2023-01-05T19:00", "pt", "05/01/2023 18h"),
        ("2023-01-05T18:30", "2023-01-05T19:00", "en", "2023-01-05 18:30"),
        ("2023-01-01", "2023-01-08", "en", "2023-01-01 to 2023-01-07"),
        ("2023-01-01T07:00", "2023-01-01T10:00", "pt", "01/01/2023 07h a 01/01/2023 10h"),
    ],
)
def test_periods(start: str, end: str, language: Any, written: str) -> None:
    ends = [datetime.fromisoformat(text).replace(tzinfo=brasilia()) for text in (start, end)]
    assert texts.period(ends[0], ends[1], language) == written


def test_labels_of_buckets() -> None:
    day = datetime(2023, 7, 15)  # noqa: DTZ001 - buckets are civil and naive
    assert texts.bucket_label(day, Bucket.YEAR, "PT1H") == "2023"
    assert texts.bucket_label(day, Bucket.MONTH, "PT1H") == "2023-07"
    assert texts.bucket_label(day, Bucket.DAY, "PT1H") == "2023-07-15"
    assert texts.bucket_label(day, Bucket.INTERVAL, "PT1H") == "2023-07-15T00:00:00-03:00"
    assert texts.bucket_label(7, Bucket.HOUR_OF_DAY, "PT1H") == 7
    assert texts.bucket(7, Bucket.HOUR_OF_DAY, "pt") == "7h"
    assert texts.bucket(day, Bucket.WEEK, "en") == "2023-07-15"


def test_titles_and_lists() -> None:
    assert texts.title(Dimension.REGION, "NE", "en") == "Northeast"
    assert texts.title(Dimension.PLANT, "FURNAS", "pt") == "FURNAS"
    assert texts.listed(["a", "b", "c"], "pt") == "a, b e c"
    assert texts.note(Note.of("latest_full_year", year=2023), "en").count("2023") == 1


def test_every_text_has_the_same_places_in_both_languages() -> None:
    def places(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    for key, entry in texts._texts().items():
        if set(entry) == {"pt", "en"} and isinstance(entry["pt"], str) and key != "bad_date":
            assert places(entry["pt"]) == places(entry["en"]), key
