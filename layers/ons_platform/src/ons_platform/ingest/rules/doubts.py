"""Where a file as a whole is in doubt: the period in its name, keys that tell nothing apart."""

from __future__ import annotations

from datetime import date, timedelta

from ons_platform.catalog.filenames import named_period
from ons_platform.catalog.model import Dataset
from ons_platform.ingest.reasons import reject
from ons_platform.ingest.reports.report import QualityReport

_ROWS_PER_KEY = 5
"""Files that repeat themselves do so once or twice; where hours are lost it is 24 or 48 times."""
_A_DAY_OF_HOURS = 24
"""Fewer rows are left to their flags."""
_WEEK = timedelta(days=7)


def refuse_lost_keys(
    dataset: Dataset, report: QualityReport, *, written: int, skipped: int, conflicting: int
) -> None:
    """Raise `MalformedFile` where most rows would be left out for others of the same key.

    `conflicting` are the written rows of which others with the same key said something else.
    """
    repeats = skipped >= (_ROWS_PER_KEY - 1) * written > 0
    if repeats and conflicting * 2 > written and written + skipped >= _A_DAY_OF_HOURS:
        raise reject(
            "keys_repeat", file=report.file, rows=written + skipped, kept=written, key=dataset.key
        )


def remark_other_period(dataset: Dataset, report: QualityReport) -> None:
    """Warn of a file whose rows are all of another time than its name says."""
    if report.period is None:
        return
    first, last = (date.fromisoformat(instant[:10]) for instant in report.period)
    slack = _WEEK if dataset.grain == "P1W" else timedelta()  # a year's first week may begin before
    named = [named_period(pattern, report.file) for pattern in dataset.files.patterns]
    for period in filter(None, named):
        if last < period[0] - slack or first > period[1] + slack:
            said = " – ".join(dict.fromkeys(day.isoformat() for day in period))
            report.warn("other_period", named=said, first=str(first), last=str(last))
