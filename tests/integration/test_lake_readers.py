"""Anybody's Parquet reader sees the same lake: pandas, fastparquet, polars, duckdb and our engine.

The file is a real one of `samples/`, read here by pandas alone, put through the lake in halves
under two keys so that its months are merged files, and compared row by row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import fastparquet
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.lake.engine import LakeEngine, sql_tables
from ons_platform.lake.knowledge import Knowledge, KnowledgeBase, refresh
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.lake.merge import commit
from ons_platform.lake.slices import SliceWriter
from ons_platform.storage import Storage

SAMPLES = Path(__file__).parents[2] / "samples"
DATASET = catalog()["curva-carga"]
COLUMNS = ["timestamp", "region", "measurement_type", "value", "unit", "quality_flag", "state"]


class Lake:
    """The sample in a lake, and what it must hold."""

    def __init__(self, root: Path, known: Knowledge, expected: pd.DataFrame) -> None:
        self.root = root
        self.known = known
        self.expected = expected
        self.files = [str(root / part["path"]) for part in known.partitions]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, lake_rows: Any, object_version: Any) -> Lake:
    root = tmp_path_factory.mktemp("lake")
    storage = Storage((root / "processed").as_uri())
    ledger = open_ledger(f"sqlite://{root}/ledger.db")
    frame = _sample()
    for number, part in enumerate((frame.iloc[::2], frame.iloc[1::2]), start=1):
        version: ObjectVersion = object_version(f"PART{number}.csv", number)
        writer = SliceWriter(DATASET, version, storage, root)
        rows = part.to_dict("records")
        for start in range(0, len(rows), 5000):
            table, months = lake_rows(DATASET, rows[start : start + 5000])
            writer.write(table, months)
        commit(version, DATASET, writer.close(), ledger, storage)
    known = refresh(DATASET, ledger, storage)
    ledger.close()
    return Lake(root / "processed", known, _ordered(frame))


def _sample() -> pd.DataFrame:
    raw = pd.read_csv(SAMPLES / "CURVA_CARGA_2023.csv", sep=";")
    local = pd.to_datetime(raw.din_instante)
    return pd.DataFrame(
        {
            "timestamp": local.dt.tz_localize("America/Sao_Paulo").dt.tz_convert("UTC"),
            "region": raw.id_subsistema,
            "measurement_type": "load",
            "value": raw.val_cargaenergiahomwmed,
            "unit": "MWmed",
            "quality_flag": "ok",
            "state": None,
        }
    )


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """The compared columns as plain Python objects in one order."""
    frame = frame[COLUMNS].astype({name: object for name in COLUMNS if name != "timestamp"})
    frame["timestamp"] = pd.to_datetime(frame.timestamp, utc=True).astype("datetime64[us, UTC]")
    frame = frame.where(frame.notna(), None).astype({"value": float, "state": object})
    return frame.sort_values(["timestamp", "region"]).reset_index(drop=True)


def _pandas(lake: Lake) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(file, engine="pyarrow") for file in lake.files])


def _fastparquet(lake: Lake) -> pd.DataFrame:
    frames = []
    for file in lake.files:
        with Path(file).open("rb") as handle:
            frames.append(fastparquet.ParquetFile(handle).to_pandas())
    return pd.concat(frames)


def _polars(lake: Lake) -> pd.DataFrame:
    frame = pl.read_parquet(lake.files, hive_partitioning=False).select(COLUMNS)
    return pd.DataFrame(frame.to_dicts())


def _duckdb(lake: Lake) -> pd.DataFrame:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        result = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM read_parquet({lake.files})")
        return pd.DataFrame(result.fetchall(), columns=COLUMNS)


def _engine(lake: Lake) -> pd.DataFrame:
    storage = Storage(lake.root.as_uri())
    engine = LakeEngine(storage, KnowledgeBase(storage))
    sql = f"SELECT {', '.join(COLUMNS)} FROM curva_carga"
    rows = engine.rows(sql, [], sql_tables(lake.known))
    engine.close()
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    "read", [_pandas, _fastparquet, _polars, _duckdb, _engine], ids=lambda read: read.__name__[1:]
)
def test_every_reader_sees_the_same_rows(lake: Lake, read: Callable[[Lake], pd.DataFrame]) -> None:
    assert len(lake.files) == 12
    pd.testing.assert_frame_equal(_ordered(read(lake)), lake.expected)


def test_a_reader_of_the_folder_sees_the_partitions(lake: Lake) -> None:
    """Athena, pandas and DuckDB find year and month in the path; slices stay out of sight."""
    frame = pd.read_parquet(lake.root / "dataset=consumption")
    assert sorted(frame.month.astype(int).unique()) == list(range(1, 13))
    assert len(frame) == len(lake.expected) == lake.known.rows


def test_instants_are_utc_microseconds(lake: Lake) -> None:
    schema = pa.parquet.read_schema(lake.files[0])
    assert schema.field("timestamp").type == pa.timestamp("us", tz="UTC")
    first = pd.read_parquet(lake.files[0]).timestamp.min()
    assert first.to_pydatetime() == datetime(2023, 1, 1, 3, tzinfo=UTC)
