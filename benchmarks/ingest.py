"""CSV -> lake against raw CSV -> Parquet conversions, in one run on one machine.

    python benchmarks/ingest.py --megabytes 1000 [--large 4000] [--repeat 2] [--workdir DIR]

`platform` does all a processor does: recognise, normalise, check, flag, deduplicate, hash the
object, write and merge monthly lake files, ledger and quality report. The others copy the columns
as they are to Parquet files by month (zstd), which is the floor. Each runs in a process of its own;
seconds are the best of the repetitions, memory is the peak resident set of the process. On a
machine that does other things too, CPU seconds say more. With `--large` the platform also takes a
file of that size, to show that memory does not grow. Last, a 1.5 MB file is sent to a running
platform until a question about it is answered.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generate import generate
from upload import upload_to_queryable

NAME = "GERACAO_USINA-2_2022.csv"
KEY = f"year=2022/{NAME}"


def platform(source: Path, target: Path) -> None:
    from ons_platform.catalog.registry import catalog
    from ons_platform.config import Settings
    from ons_platform.ingest.process import process
    from ons_platform.ingest.route import route
    from ons_platform.lake.ledger import ObjectVersion
    from ons_platform.lake.ledgers import open_ledger
    from ons_platform.storage import open_storage

    settings = Settings(
        storage_url=f"file://{target}/{{bucket}}", ledger_url=f"sqlite:///{target}/ledger.db"
    )
    raw = open_storage(settings.raw_bucket, settings)
    version = ObjectVersion(
        bucket=settings.raw_bucket,
        key=KEY,
        version_id=raw.put_version(KEY, source),
        sequencer="01",
        size=source.stat().st_size,
        etag="",
        event_time="2026-01-01T00:00:00+00:00",
    )
    outcome = process(
        version,
        route(version, settings, raw).as_dict()["processorConfig"],
        catalog=catalog(),
        ledger=open_ledger(settings.ledger_url),
        raw=raw,
        processed=open_storage(settings.processed_bucket, settings),
        settings=settings,
    )
    assert outcome.rows_written == outcome.rows_read > 0


def with_pyarrow(source: Path, target: Path) -> None:
    import pyarrow.compute as pc
    import pyarrow.csv as pc_csv
    import pyarrow.dataset as ds

    reader = pc_csv.open_csv(source, parse_options=pc_csv.ParseOptions(delimiter=";"))
    schema = reader.schema.append(pa_field("year")).append(pa_field("month"))

    def batches() -> Any:
        for batch in reader:
            moments = batch.column("din_instante")
            batch = batch.append_column("year", pc.year(moments))
            yield batch.append_column("month", pc.month(moments))

    ds.write_dataset(
        batches(),
        target,
        schema=schema,
        format="parquet",
        partitioning=ds.partitioning(
            schema.empty_table().select(["year", "month"]).schema, flavor="hive"
        ),
        file_options=ds.ParquetFileFormat().make_write_options(compression="zstd"),
    )


def pa_field(name: str) -> Any:
    import pyarrow as pa

    return pa.field(name, pa.int64())


def with_polars(source: Path, target: Path) -> None:
    import polars as pl

    frame = pl.scan_csv(source, separator=";", try_parse_dates=True)
    moment = pl.col("din_instante")
    frame = frame.with_columns(moment.dt.year().alias("year"), moment.dt.month().alias("month"))
    frame.sink_parquet(
        pl.PartitionBy(target, key=["year", "month"]), compression="zstd", mkdir=True
    )


def with_pandas(source: Path, target: Path) -> None:
    import pandas as pd

    frame = pd.read_csv(source, sep=";", engine="pyarrow", parse_dates=["din_instante"])
    frame["year"] = frame["din_instante"].dt.year
    frame["month"] = frame["din_instante"].dt.month
    frame.to_parquet(target, partition_cols=["year", "month"], compression="zstd")


def with_duckdb(source: Path, target: Path) -> None:
    import duckdb

    duckdb.sql(
        f"COPY (SELECT *, year(din_instante) AS year, month(din_instante) AS month "
        f"FROM read_csv('{source}', delim = ';', header = true)) "
        f"TO '{target}' (FORMAT parquet, PARTITION_BY (year, month), COMPRESSION zstd)"
    )


CONTENDERS: dict[str, Callable[[Path, Path], None]] = {
    "platform": platform,
    "pyarrow": with_pyarrow,
    "polars": with_polars,
    "pandas": with_pandas,
    "duckdb": with_duckdb,
}


def run_here(name: str, source: Path, target: Path) -> None:
    """In the contender's own process: run it and print its figures."""
    start = time.perf_counter()
    CONTENDERS[name](source, target)
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 2),
        "peak_mib": round(used.ru_maxrss / 1024),
    }
    print(json.dumps(figures))


def run_apart(name: str, source: Path, workdir: Path) -> dict[str, float]:
    """Start the contender in a fresh process with a fresh target."""
    with tempfile.TemporaryDirectory(dir=workdir) as target:
        command = [sys.executable, __file__, "--contender", name, str(source), target]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def measure(source: Path, workdir: Path, repeat: int) -> dict[str, dict[str, float]]:
    """Best seconds and highest memory of each contender, in turns."""
    found: dict[str, dict[str, float]] = {}
    for _ in range(repeat):
        for name in CONTENDERS:
            new = run_apart(name, source, workdir)
            old = found.get(name, new)
            found[name] = {
                "seconds": min(old["seconds"], new["seconds"]),
                "cpu_seconds": min(old["cpu_seconds"], new["cpu_seconds"]),
                "peak_mib": max(old["peak_mib"], new["peak_mib"]),
            }
    return found


def compare(arguments: argparse.Namespace, workdir: Path) -> dict[str, Any]:
    source = workdir / NAME
    rows = generate(source, arguments.megabytes)
    figures = measure(source, workdir, arguments.repeat)
    fastest = min(item["seconds"] for name, item in figures.items() if name != "platform")
    print(f"{arguments.megabytes} MB, {rows:,} rows")
    print(f"{'':10} {'seconds':>8} {'x fastest':>10} {'CPU s':>8} {'peak MiB':>9}")
    for name, item in figures.items():
        ratio = item["seconds"] / fastest
        cpu, peak = item["cpu_seconds"], item["peak_mib"]
        print(f"{name:10} {item['seconds']:8.2f} {ratio:10.2f} {cpu:8.2f} {peak:9.0f}")
    result = {
        "megabytes": arguments.megabytes,
        "rows": rows,
        "contenders": figures,
        "ratio_to_fastest": round(figures["platform"]["seconds"] / fastest, 2),
        "peak_mib": figures["platform"]["peak_mib"],
    }
    if arguments.large:
        generate(source, arguments.large)
        large = run_apart("platform", source, workdir)
        growth = large["peak_mib"] / figures["platform"]["peak_mib"]
        print(f"platform at {arguments.large} MB: {large['seconds']} s, {large['peak_mib']} MiB")
        result["large"] = {
            "megabytes": arguments.large,
            **large,
            "peak_ratio": round(growth, 2),
        }
    result["upload"] = upload = upload_to_queryable(workdir)
    print(
        f"upload -> queryable, {upload['bytes'] / 1e6:.1f} MB: first {upload['first_seconds']} s, "
        f"warm (best, median, worst) {upload['warm_seconds']} s"
    )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--large", type=int, default=0, help="size of the second file (none: 0)")
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--workdir", type=Path, default=None)
    parser.add_argument("--contender", nargs=3, metavar=("NAME", "SOURCE", "TARGET"))
    arguments = parser.parse_args()
    if arguments.contender:
        name, source, target = arguments.contender
        run_here(name, Path(source), Path(target))
        return
    with tempfile.TemporaryDirectory(dir=arguments.workdir, prefix="ons-benchmark-") as workdir:
        print(json.dumps(compare(arguments, Path(workdir))))


if __name__ == "__main__":
    main()
