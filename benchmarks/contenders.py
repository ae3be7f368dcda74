"""What is measured: the platform's own way of a file into the lake, and raw conversions of it.

`platform` does all a processor does and also times its stages. The others copy the columns as they
are to Parquet files by month (zstd). One that cannot read a format here raises `Absent`.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

TIME = "din_instante"


class Absent(Exception):
    """This contender has no reader for the format without something that is not installed."""


class Stages:
    """Seconds spent in each stage by whatever thread: stages overlap, their sum may exceed all."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._lock = threading.Lock()

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[stage] += time.perf_counter() - began

    def around(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            with self.timed(stage):
                return work(*given, **named)

        return timed

    def during(self, stage: str, items: Iterable[Any]) -> Iterator[Any]:
        """The items; the time it takes to produce each counts."""
        produced = iter(items)
        while True:
            with self.timed(stage):
                item = next(produced, self)
            if item is self:
                return
            yield item


def watched() -> Stages:
    """Stages of `ingest.process` in this process, timed at the seams between its parts."""
    from ons_platform.ingest import process as module
    from ons_platform.ingest.series import SeriesNormaliser
    from ons_platform.lake.slices import SliceWriter

    stages = Stages()
    ahead = module.read_ahead
    seams: dict[str, Any] = {
        "open_source": stages.around("read", module.open_source),
        "read_ahead": lambda items: ahead(stages.during("read", items)),
        "commit": stages.around("merge", module.commit),
        "sha256": stages.around("hash", module.sha256),
        "_record": stages.around("record", module._record),
    }
    for name, seam in seams.items():
        setattr(module, name, seam)
    SeriesNormaliser.tables = stages.around("normalise", SeriesNormaliser.tables)
    for name in ("write", "close"):
        setattr(SliceWriter, name, stages.around("write", getattr(SliceWriter, name)))
    return stages


def platform(source: Path, target: Path) -> dict[str, float]:
    began = time.perf_counter()
    from ons_platform.catalog.registry import catalog
    from ons_platform.config import Settings
    from ons_platform.ingest.process import process
    from ons_platform.ingest.route import route
    from ons_platform.lake.ledger import ObjectVersion
    from ons_platform.lake.ledgers import open_ledger
    from ons_platform.storage import open_storage

    stages = watched()
    datasets = catalog()
    stages.seconds["start"] = time.perf_counter() - began
    settings = Settings(
        storage_url=f"file://{target}/{{bucket}}", ledger_url=f"sqlite:///{target}/ledger.db"
    )
    raw = open_storage(settings.raw_bucket, settings)
    key = f"year=2022/{source.name}"
    with stages.timed("upload"):
        version_id = raw.put_version(key, source)
    version = ObjectVersion(
        bucket=settings.raw_bucket,
        key=key,
        version_id=version_id,
        sequencer="01",
        size=source.stat().st_size,
        etag="",
        event_time="2026-01-01T00:00:00+00:00",
    )
    with closing(open_ledger(settings.ledger_url)) as ledger:
        outcome = process(
            version,
            route(version, settings, raw).as_dict()["processorConfig"],
            catalog=datasets,
            ledger=ledger,
            raw=raw,
            processed=open_storage(settings.processed_bucket, settings),
            settings=settings,
        )
    assert outcome.rows_written == outcome.rows_read > 0
    return {name: round(seconds, 2) for name, seconds in stages.seconds.items()}


def with_pyarrow(source: Path, target: Path) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pc_csv
    import pyarrow.dataset as ds

    if source.suffix == ".xlsx":
        batches, schema = _sheet(source)
    else:
        batches = pc_csv.open_csv(source, parse_options=pc_csv.ParseOptions(delimiter=";"))
        schema = batches.schema
    schema = schema.append(pa.field("year", pa.int64())).append(pa.field("month", pa.int64()))

    def dated() -> Iterator[Any]:
        for batch in batches:
            moments = batch.column(TIME)
            batch = batch.append_column("year", pc.year(moments))
            yield batch.append_column("month", pc.month(moments))

    ds.write_dataset(
        dated(),
        target,
        schema=schema,
        format="parquet",
        partitioning=ds.partitioning(
            schema.empty_table().select(["year", "month"]).schema, flavor="hive"
        ),
        file_options=ds.ParquetFileFormat().make_write_options(compression="zstd"),
    )


def _sheet(source: Path) -> tuple[list[Any], Any]:
    """pyarrow reads no spreadsheets: the rows come from calamine, the fastest reader here."""
    import pyarrow as pa
    from python_calamine import CalamineWorkbook

    header, *rows = CalamineWorkbook.from_path(source).get_sheet_by_index(0).to_python()
    columns = {
        name: [None if cell == "" else cell for cell in cells]
        for name, cells in zip(header, zip(*rows, strict=True), strict=True)
    }
    batch = pa.RecordBatch.from_pydict(columns)
    return [batch], batch.schema


def with_polars(source: Path, target: Path) -> None:
    import polars as pl

    if source.suffix == ".xlsx":  # its faster engine needs fastexcel
        frame = pl.read_excel(source, engine="openpyxl").lazy()
    else:
        frame = pl.scan_csv(source, separator=";", try_parse_dates=True)
    moment = pl.col(TIME)
    frame = frame.with_columns(moment.dt.year().alias("year"), moment.dt.month().alias("month"))
    frame.sink_parquet(
        pl.PartitionBy(target, key=["year", "month"]), compression="zstd", mkdir=True
    )


def with_pandas(source: Path, target: Path) -> None:
    import pandas as pd

    if source.suffix == ".xlsx":
        frame = pd.read_excel(source, engine="calamine")
    else:
        frame = pd.read_csv(source, sep=";", engine="pyarrow", parse_dates=[TIME])
    frame["year"] = frame[TIME].dt.year
    frame["month"] = frame[TIME].dt.month
    frame.to_parquet(target, partition_cols=["year", "month"], compression="zstd")


def with_duckdb(source: Path, target: Path) -> None:
    import duckdb

    read = f"read_csv('{source}', delim = ';', header = true)"
    if source.suffix == ".xlsx":
        read = f"read_xlsx('{source}')"
        try:
            duckdb.sql("LOAD excel")
        except duckdb.Error as error:
            raise Absent("its excel extension is downloaded at run time") from error
    duckdb.sql(
        f"COPY (SELECT *, year({TIME}) AS year, month({TIME}) AS month FROM {read}) "
        f"TO '{target}' (FORMAT parquet, PARTITION_BY (year, month), COMPRESSION zstd)"
    )


CONTENDERS: dict[str, Callable[[Path, Path], dict[str, float] | None]] = {
    "platform": platform,
    "pyarrow": with_pyarrow,
    "polars": with_polars,
    "pandas": with_pandas,
    "duckdb": with_duckdb,
}
