"""What is known of a value (STR-5); apart from the schema, since answering needs no Arrow."""

from __future__ import annotations

from enum import StrEnum


class QualityFlag(StrEnum):
    """What is known of a value. A row has one flag, the gravest, in this order of gravity.

    `forecast`: the source says it is no measurement. `stray_timestamp`: the file's instant is not
    a whole step of the dataset's grain (a daily row at 00:00:01); the value is kept at its day, or
    at its instant in hourly data. `suspect`: a rule of the catalogue doubts the value (a doubled
    day, a leap up and back, sun at night); it is used, and answers may say so.
    """

    OK = "ok"
    AMBIGUOUS_HOUR = "ambiguous_hour"
    FORECAST = "forecast"
    STRAY_TIMESTAMP = "stray_timestamp"
    SUSPECT = "suspect"
    DUPLICATE = "duplicate"
    OUT_OF_RANGE = "out_of_range"
    INCONSISTENT = "inconsistent"
    INVALID = "invalid"
    MISSING = "missing"


NOT_USED_IN_ANSWERS = (QualityFlag.INCONSISTENT,)
"""Values that exist but contradict the file itself: answers leave them out and say so."""
