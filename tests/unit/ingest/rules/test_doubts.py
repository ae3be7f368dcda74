"""Doubts about a whole file: keys that tell nothing apart, a name that says another time."""

from __future__ import annotations

import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.errors import MalformedFile
from ons_platform.ingest.reports.report import QualityReport
from ons_platform.ingest.rules.doubts import refuse_lost_keys, remark_other_period

LOAD = catalog()["curva-carga"]


def test_a_day_of_hours_under_one_key_is_refused() -> None:
    with pytest.raises(MalformedFile, match="48 rows contradict each other: only 2 differ"):
        refuse_lost_keys(LOAD, QualityReport("F.csv"), written=2, skipped=46, conflicting=2)


@pytest.mark.parametrize(
    ("written", "skipped", "conflicting"),
    [(10, 10, 0), (10, 10, 10), (10, 400, 0), (10, 400, 5), (10, 39, 10), (1, 22, 1), (0, 0, 0)],
)
def test_repetitions_are_no_lost_keys(written: int, skipped: int, conflicting: int) -> None:
    refuse_lost_keys(
        LOAD, QualityReport("F.csv"), written=written, skipped=skipped, conflicting=conflicting
    )


def remarks(slug: str, file: str, first: str, last: str) -> list[str]:
    report = QualityReport(file, period=(f"{first}T00:00:00-03:00", f"{last}T23:00:00-03:00"))
    remark_other_period(catalog()[slug], report)
    return [warning["en"] for warning in report.warnings]


def test_rows_of_another_year_are_remarked_on() -> None:
    (told,) = remarks("curva-carga", "CURVA_CARGA_2015.csv", "2021-01-01", "2021-02-01")
    assert "2015-01-01 – 2015-12-31" in told
    assert "2021-01-01 to 2021-02-01" in told


@pytest.mark.parametrize(
    ("slug", "file", "first", "last"),
    [
        ("curva-carga", "CURVA_CARGA_2021.csv", "2020-12-31", "2021-01-01"),
        ("curva-carga", "download.csv", "1999-01-01", "1999-01-02"),
        ("carga-mensal", "CARGA_MENSAL.csv", "1999-01-01", "1999-01-02"),
        ("cmo-semanal", "CMO_SEMANAL_2021.csv", "2020-12-26", "2020-12-26"),
    ],
)
def test_no_remark_where_the_name_is_right_or_says_nothing(
    slug: str, file: str, first: str, last: str
) -> None:
    assert remarks(slug, file, first, last) == []


def test_a_file_without_rows_has_no_period() -> None:
    report = QualityReport("CURVA_CARGA_2015.csv")
    remark_other_period(LOAD, report)
    assert report.warnings == []
