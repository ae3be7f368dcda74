"""Lake to InfluxDB, beside the server's own ceiling and influxdb-client, in one run.

    python benchmarks/influxdb.py [--megabytes 130] [--rounds 3] [--client-rows 100000]
                                  [--workdir DIR]

One month and more of `geracao-usina-2` (eight tags, a thousand series) goes through the ingest room
into a lake. A real influxd on this machine then takes its points three ways, in turn:
- ceiling: lines encoded before, sent as fast as it takes them (20,000 a request, two connections);
- platform: `Loader.load` of every partition, with its survey, its records and its read-back;
- influxdb-client: its DataFrame write, of a part of the rows, synchronous, in three batch sizes.
Each time the server is a new and empty one. Client and server share the machine. The last line is
one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from generate import generate
from influxdb_client import InfluxDBClient
from influxdb_client.client.warnings import MissingPivotFunction
from influxdb_client.client.write_api import SYNCHRONOUS

from ons_local.influxd import InfluxServer
from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.ingest.process import process
from ons_platform.ingest.route import route
from ons_platform.lake.knowledge import KnowledgeBase, refresh
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import open_storage
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.loading.encode import LineEncoder
from ons_platform.timeseries.loading.load import Loader
from ons_platform.timeseries.loading.parts import Parts
from ons_platform.timeseries.loading.place import place_of
from ons_platform.timeseries.loading.source import LakeRows
from ons_platform.timeseries.loading.survey import survey
from ons_platform.timeseries.points import point_model

SLUG = "geracao-usina-2"
DATASET = catalog()[SLUG]
REQUEST_LINES = 20_000
CLIENT_BATCHES = (1_000, 5_000, 20_000)


@dataclass
class Bench:
    """A lake with its zones, and a server."""

    folder: Path
    server: InfluxServer
    settings: Settings
    ledger: Any
    processed: Any

    @classmethod
    def at(cls, folder: Path) -> Bench:
        server = _server(folder)
        here = Settings(
            storage_url=f"file://{folder}/{{bucket}}",
            ledger_url=f"sqlite:///{folder}/ledger.db",
            influxdb_url=server.url,
            influxdb_token=server.write_token,
        )
        processed = open_storage(here.processed_bucket, here)
        return cls(folder, server, here, open_ledger(here.ledger_url), processed)

    def ingest(self, megabytes: int) -> int:
        """Make a file and take it into the lake; its rows."""
        path = self.folder / "GERACAO_USINA-2_2022.csv"
        generate(path, megabytes)
        raw = open_storage(self.settings.raw_bucket, self.settings)
        version = ObjectVersion(
            bucket=self.settings.raw_bucket, key=f"year=2022/{path.name}",
            version_id=raw.put_version(f"year=2022/{path.name}", path.read_bytes()),
            sequencer="01", size=path.stat().st_size, etag="", event_time="2026-01-01T00:00:00Z",
        )  # fmt: skip
        path.unlink()
        process(
            version,
            route(version, self.settings, raw).as_dict()["processorConfig"],
            catalog=catalog(),
            ledger=self.ledger,
            raw=raw,
            processed=self.processed,
            settings=self.settings,
        )
        return refresh(DATASET, self.ledger, self.processed).rows

    def partitions(self) -> list[str]:
        known = KnowledgeBase(self.processed).get(SLUG)
        return [str(part["name"]) for part in known.partitions] if known else []

    def client(self) -> InfluxClient:
        return InfluxClient(self.server.url, self.server.write_token, self.server.org, timeout=120)

    def renew(self) -> None:
        """A new and empty server; nothing is known of what the old one held."""
        self.server.stop()
        shutil.rmtree(self.server.folder)
        self.server = _server(self.folder)
        named = {"influxdb_url": self.server.url, "influxdb_token": self.server.write_token}
        self.settings = self.settings.model_copy(update=named)
        for info in list(self.processed.list("_timeseries/")):
            self.processed.delete(info.path)


def _server(folder: Path) -> InfluxServer:
    server = InfluxServer(folder / "influxdb", retention_seconds=0)
    server.start()
    return server


def encoded(bench: Bench) -> tuple[list[bytes], int, float]:
    """Requests of lines of every lake file, the rows in them, seconds it took to encode them."""
    model = point_model(DATASET)
    requests, rows, seconds = [], 0, 0.0
    for name in bench.partitions():
        place = place_of(catalog(), SLUG, name)
        path = Path(bench.processed.uri(place.path).removeprefix("file://"))
        with LakeRows(path, DATASET, model) as source:
            found = survey(source, model, place.span, None)
            parts = list(found.parts(source))
            encoder = LineEncoder(found.index.heads)
            for part in parts:
                started = time.perf_counter()
                lines = encoder.lines(part.table, part.numbers)
                texts = [
                    lines.text(begin, min(begin + REQUEST_LINES, len(lines)))
                    for begin in range(0, len(lines), REQUEST_LINES)
                ]
                seconds += time.perf_counter() - started
                requests += texts
                rows += len(lines)
    return requests, rows, seconds


def ceiling(bench: Bench, requests: list[bytes]) -> float:
    """Seconds the server takes for lines that are ready."""
    client = bench.client()
    started = time.perf_counter()
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda lines: client.write("generation_data", lines), requests))
    return time.perf_counter() - started


def platform(bench: Bench) -> float:
    """Seconds of loading every partition, records and read-back included."""
    loader = Loader(
        Parts(
            catalog=catalog(), ledger=bench.ledger, processed=bench.processed,
            failed=open_storage(bench.settings.failed_bucket, bench.settings),
            client=bench.client(), settings=bench.settings,
        )
    )  # fmt: skip
    started = time.perf_counter()
    for name in bench.partitions():
        loader.load(SLUG, name)
    return time.perf_counter() - started


def official(bench: Bench, frame: pd.DataFrame, batch: int) -> float:
    """Seconds of influxdb-client's DataFrame write."""
    tags = [name for name in frame.columns if name != "power_mw"]
    with InfluxDBClient(bench.server.url, bench.server.write_token, org=bench.server.org) as client:
        write = client.write_api(write_options=SYNCHRONOUS)
        started = time.perf_counter()
        for begin in range(0, len(frame), batch):
            write.write(
                "generation_data",
                record=frame.iloc[begin : begin + batch],
                data_frame_measurement_name="generation_data",
                data_frame_tag_columns=tags,
            )
        return time.perf_counter() - started


def framed(bench: Bench, rows: int) -> pd.DataFrame:
    """Some rows of the lake as a person would hand them to influxdb-client."""
    model = point_model(DATASET)
    place = place_of(catalog(), SLUG, bench.partitions()[0])
    path = Path(bench.processed.uri(place.path).removeprefix("file://"))
    frame = pd.read_parquet(path, columns=["timestamp", "value", *model.tags]).head(rows)
    frame = frame.rename(columns={"value": "power_mw", **model.tags}).set_index("timestamp")
    return frame.assign(dataset=SLUG)


def measure(bench: Bench, rounds: int, client_rows: int) -> dict[str, float]:
    """Points per second of each way, the median of the rounds."""
    requests, rows, encoding = encoded(bench)
    frame = framed(bench, client_rows)
    ways: dict[str, Callable[[], float]] = {
        "ceiling": lambda: rows / ceiling(bench, requests),
        "platform": lambda: rows / platform(bench),
        **{
            f"influxdb-client, {batch:,} a batch": (
                lambda batch=batch: len(frame) / official(bench, frame, batch)
            )
            for batch in CLIENT_BATCHES
        },
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            bench.renew()
            found[name].append(run())
    medians = {name: statistics.median(each) for name, each in found.items()}
    return {"rows": rows, "encoding": rows / encoding, **medians}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=130)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--client-rows", type=int, default=100_000)
    parser.add_argument("--workdir", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore", MissingPivotFunction)
    with tempfile.TemporaryDirectory(dir=options.workdir) as folder:
        bench = Bench.at(Path(folder))
        try:
            bench.ingest(options.megabytes)
            found = measure(bench, options.rounds, options.client_rows)
        finally:
            bench.server.stop()
    peer = max(value for name, value in found.items() if name.startswith("influxdb-client"))
    found["of_ceiling"] = found["platform"] / found["ceiling"]
    found["times_client"] = found["platform"] / peer
    print(f"{found['rows']:,.0f} rows, load average {os.getloadavg()[0]:.1f}")
    for name, value in found.items():
        unit = "" if name == "rows" else " points/s"
        print(f"  {name:32}{value:14,.2f}" if value < 100 else f"  {name:32}{value:14,.0f}{unit}")
    print(json.dumps({name: round(value, 3) for name, value in found.items()}))


if __name__ == "__main__":
    main()
