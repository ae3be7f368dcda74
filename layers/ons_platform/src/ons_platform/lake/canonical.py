"""The canonical record (STR-3, STR-4): one measurement of one thing at one instant."""

from __future__ import annotations

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
