"""The canonical record (STR-3, STR-4): one measurement of one thing at one instant."""

from __future__ import annotations

from enum import StrEnum

import pyarrow as pa

_text = pa.dictionary(pa.int32(), pa.string())

CANONICAL_SCHEMA = pa.schema(
    [
        pa.field("timestamp", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("dataset_type", _text, nullable=False),
        pa.field("region", _text),
        pa.field("energy_source", _text),
        pa.field("measurement_type", _text, nullable=False),
        pa.field("value", pa.float64()),
        pa.field("unit", _text, nullable=False),
        pa.field("quality_flag", _text, nullable=False),
        pa.field("processed_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("processor_version", _text, nullable=False),
        pa.field("source_file", _text, nullable=False),
        pa.field("dataset", _text, nullable=False),
        pa.field("state", _text),
        pa.field("entity_id", _text),
        pa.field("entity_name", _text),
    ]
)
"""`timestamp` is UTC and labels the start of the interval; `value` is in `unit`; `region` is the
ONS subsystem code (SE, S, NE, N, SIN, PY); attributes of a dataset follow under their ONS names."""


class QualityFlag(StrEnum):
    """What is known of a value. A row has one flag, the gravest, in this order of gravity.

    `stray_timestamp`: the file's instant is not a whole step of the dataset's grain (a daily row
    at 00:00:01); the value is kept at its day, or at its instant in hourly data.
    """

    OK = "ok"
    AMBIGUOUS_HOUR = "ambiguous_hour"
    STRAY_TIMESTAMP = "stray_timestamp"
    DUPLICATE = "duplicate"
    OUT_OF_RANGE = "out_of_range"
    INCONSISTENT = "inconsistent"
    INVALID = "invalid"
    MISSING = "missing"


NOT_USED_IN_ANSWERS = (QualityFlag.INCONSISTENT,)
"""Values that exist but contradict the file itself: answers leave them out and say so."""
