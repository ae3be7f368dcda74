"""Parquet, whose types change from file to file."""

# ruff: noqa: DTZ001 - civil readings have no zone

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ons_platform.errors import FileLimitExceeded, MalformedFile
from ons_platform.ingest.reading.read_parquet import ParquetSource

NAMES = ["id_subsistema", "din_instante", "val_cargaenergiahomwmed"]
FLOATS = [42066.32499999998, 0.1, None]
TEXTS = ["42066.32499999998", "0.1", None]
DECIMALS = [Decimal("42066.32499999998"), Decimal("0.10000000000"), None]
MOMENTS = [datetime(2023, 1, 1, hour) for hour in range(3)]


def parquet(values: pa.Array, moments: pa.Array | None = None, **options: Any) -> bytes:
    regions = pa.array(["SE", "S ", "NE"]).dictionary_encode()
    moments = pa.array(MOMENTS) if moments is None else moments
    stream = io.BytesIO()
    pq.write_table(pa.table([regions, moments, values], NAMES), stream, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "values",
    [
        pa.array(FLOATS),
        pa.array(TEXTS),
        pa.array([f" {text} " if text else "" for text in TEXTS]),
        pa.array(TEXTS, pa.large_string()),
        pa.array([text and text.encode() for text in TEXTS], pa.binary()),
        pa.array([text and text.encode() for text in TEXTS], pa.large_binary()),
        pa.array([text and f"{text:17}".encode() for text in TEXTS], pa.binary(17)),
        pa.array(TEXTS).dictionary_encode(),
        pa.array(TEXTS, pa.large_string()).dictionary_encode(),
        pa.array(["42066,32499999998", "0,1", None]),
        pa.array(DECIMALS, pa.decimal128(38, 11)),
        pa.array(DECIMALS, pa.decimal256(60, 11)),
    ],
    ids=lambda values: str(values.type),
)
def test_numbers_are_exact_whatever_they_are_kept_as(room: Any, values: pa.Array) -> None:
    rows = room.rows(room.ingest("CURVA_CARGA_2023.parquet", parquet(values)))
    rows = rows.sort_values("timestamp")
    assert [None if np.isnan(value) else value for value in rows["value"]] == FLOATS
    assert rows["quality_flag"].tolist() == ["ok", "ok", "missing"]
    assert rows["region"].tolist() == ["SE", "S", "NE"]


@pytest.mark.parametrize("kind", [pa.float32(), pa.float16(), pa.int64(), pa.int8(), pa.uint16()])
def test_smaller_numbers_are_widened_as_they_are(room: Any, kind: pa.DataType) -> None:
    numbers = [0.1, 7.0, 5.5] if pa.types.is_floating(kind) else [0, 7, 5]
    values = pa.array(np.array(numbers, kind.to_pandas_dtype()), kind)
    rows = room.rows(room.ingest("CURVA_CARGA_2023.parquet", parquet(values)))
    expected = [float(np.array(number, kind.to_pandas_dtype())) for number in numbers]
    assert rows.sort_values("timestamp")["value"].tolist() == expected


@pytest.mark.parametrize(
    ("moments", "options"),
    [
        (pa.array(MOMENTS, pa.timestamp("ns")), {}),
        (pa.array(MOMENTS, pa.timestamp("ms")), {}),
        (pa.array(MOMENTS, pa.timestamp("ns")), {"use_deprecated_int96_timestamps": True}),
        (pa.array([f"{moment}" for moment in MOMENTS]), {}),
        (pa.array([f"{moment:%d/%m/%Y %H:%M}" for moment in MOMENTS], pa.large_string()), {}),
        (
            pa.array(
                [datetime(2023, 1, 1, hour + 3, tzinfo=UTC) for hour in range(3)],
                pa.timestamp("us", "UTC"),
            ),
            {},
        ),
    ],
    ids=["ns", "ms", "int96", "text", "brazilian", "zone"],
)
def test_instants_of_all_kinds(room: Any, moments: pa.Array, options: dict[str, Any]) -> None:
    content = parquet(pa.array([1.0, 2.0, 3.0]), moments, **options)
    rows = room.rows(room.ingest("CURVA_CARGA_2023.parquet", content)).sort_values("timestamp")
    assert [moment.hour for moment in rows["timestamp"]] == [3, 4, 5]
    assert rows["value"].tolist() == [1.0, 2.0, 3.0]


def test_days_may_be_days(room: Any) -> None:
    table = pa.table(
        [["SE"], pa.array([date(2023, 1, 1)]), [5.0]],
        ["id_subsistema", "din_instante", "val_cargaenergiamwmed"],
    )
    stream = io.BytesIO()
    pq.write_table(table, stream)
    rows = room.rows(room.ingest("CARGA_ENERGIA_2023.parquet", stream.getvalue()))
    assert rows["timestamp"][0].isoformat() == "2023-01-01T03:00:00+00:00"


def test_bytes_that_are_no_text_are_refused(room: Any) -> None:
    values = pa.array([b"\xff\xfe", b"1", b"2"], pa.binary())
    with pytest.raises(MalformedFile, match="Parquet"):
        room.ingest("CURVA_CARGA_2023.parquet", parquet(values))


def test_a_file_that_stands_for_more_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(parquet(pa.array([1.0, 2.0, 3.0])))
    with pytest.raises(FileLimitExceeded, match="the limit is 10"):
        ParquetSource(path, "f", 10)
