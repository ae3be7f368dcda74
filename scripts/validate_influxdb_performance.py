"""Whether a time-series store is fast enough for the platform (DEP-5, TST-10 to TST-12).

    python scripts/validate_influxdb_performance.py [--health-check-only] [--json]

The server is the one INFLUXDB_URL, INFLUXDB_TOKEN (it must write) and INFLUXDB_ORG name; without
them an influxd of its own in a temporary folder. Points are written to `generation_data` with the
tag `dataset=performance-check` and removed at the end. Exit code: 0 every aim is met, 1 one is
missed, 2 there is no server, 75 it does not answer.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from ons_local.influxd import ADVICE, InfluxServer, find
from ons_platform.errors import OnsError
from ons_platform.timeseries.client import InfluxClient

BUCKET = "generation_data"
DATASET = "performance-check"
REGIONS = ("SE", "S", "NE", "N")
SOURCES = ("hydro", "thermal", "wind", "solar", "nuclear")
DAYS = 30
STEP = timedelta(seconds=60)
PLANTS = 116
"""One point a minute of so many plants are 5 million points in 30 days."""
WRITE_AIM_MS = 100.0
QUERY_AIM_MS = 5_000.0
MIXED_AIM = 5_000.0
_PATIENCE_SECONDS = 120.0
"""Of a query: what is too slow is measured, not cut off."""
_SEED_LINES = 20_000
_WRITES_PER_SECOND = 10


@dataclass(frozen=True)
class Server:
    """What a client is made of, in this and other processes."""

    url: str
    token: str
    org: str

    def client(self) -> InfluxClient:
        """A client with connections of its own."""
        return InfluxClient(self.url, self.token, self.org, timeout=_PATIENCE_SECONDS)


@dataclass(frozen=True)
class Check:
    """One thing measured: `milliseconds` are percentiles of single requests."""

    name: str
    requirement: str
    aim: str
    met: bool
    milliseconds: dict[str, float]
    figures: dict[str, float]


def series(plant: int) -> str:
    """Line protocol of a plant up to its field."""
    region, source = REGIONS[plant % len(REGIONS)], SOURCES[plant % len(SOURCES)]
    tags = f"dataset={DATASET},region={region},energy_source={source},plant_name=plant-{plant:03d}"
    return f"{BUCKET},{tags},quality_flag=ok power_mw="


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50, p95, p99 and the most, in milliseconds."""
    found = np.percentile(seconds, [50, 95, 99, 100]) * 1000
    return dict(zip(("p50", "p95", "p99", "max"), (round(float(v), 2) for v in found), strict=True))


def timed(run: Callable[[], object]) -> float:
    """Seconds it takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def check_health(server: Server) -> Check:
    """It answers, takes a point with this token and gives it back."""
    client = server.client()
    pings = [client.ping() for _ in range(20)]
    now = microseconds(datetime.now(UTC))
    round_trip = timed(lambda: _round_trip(client, now))
    return Check(
        "health", "TSD-16", "answers, writes and reads back", True, percentiles(pings),
        {"write_and_read_back_ms": round(round_trip * 1000, 2)},
    )  # fmt: skip


def _round_trip(client: InfluxClient, now: int) -> None:
    client.write(BUCKET, f"{series(0)}1 {now}".encode())
    begin = datetime.fromtimestamp(now / 1e6, UTC) - timedelta(seconds=1)
    query = f"{rows(begin, begin + timedelta(seconds=2))} |> count()"
    if not client.flux(query):
        raise SystemExit("a point that was written cannot be read back")


def check_writes(server: Server, *, rate: int, seconds: int) -> Check:
    """So many points a second, in ten requests a second, none begun late by over a second."""
    client = server.client()
    size = rate // _WRITES_PER_SECOND
    start = microseconds(datetime.now(UTC)) - seconds * 1_000_000
    taken, begin = [], time.perf_counter()
    for number in range(seconds * _WRITES_PER_SECOND):
        time.sleep(max(begin + number / _WRITES_PER_SECOND - time.perf_counter(), 0))
        lines = _batch(start + number * 100_000, size)
        taken.append(timed(lambda lines=lines: client.write(BUCKET, lines)))  # type: ignore[misc]
    whole = time.perf_counter() - begin
    found = percentiles(taken)
    reached = len(taken) * size / max(whole, seconds)
    return Check(
        "sustained writes", "TST-10", f"{rate} points/s for {seconds} s, p95 < {WRITE_AIM_MS:g} ms",
        found["p95"] < WRITE_AIM_MS and reached > 0.98 * rate, found,
        {"points_per_second": round(reached), "seconds": round(whole, 1)},
    )  # fmt: skip


def _batch(at: int, size: int) -> bytes:
    lines = (f"{series(n % PLANTS)}{n * 0.5} {at + n // PLANTS}" for n in range(size))
    return "\n".join(lines).encode()


def seed(server: Server, end: datetime, plants: int) -> int:
    """A point a minute of so many plants in the 30 days before; how many."""
    client = server.client()
    steps = int(timedelta(days=DAYS) / STEP)
    first = microseconds(end - timedelta(days=DAYS))
    micro = STEP // timedelta(microseconds=1)
    for plant in range(plants):
        head = series(plant)
        lines = [f"{head}{100 + plant + n % 97 / 10} {first + n * micro}" for n in range(steps)]
        for begin in range(0, steps, _SEED_LINES):
            client.write(BUCKET, "\n".join(lines[begin : begin + _SEED_LINES]).encode())
    return plants * steps


def queries(end: datetime) -> dict[str, tuple[str, str]]:
    """Aggregations over 30 days, by name: language and text."""
    begin = end - timedelta(days=DAYS)
    source = rows(begin, end)
    where = (
        f"\"dataset\" = '{DATASET}' AND time >= {microseconds(begin)}u"
        f" AND time < {microseconds(end)}u"
    )
    hourly = f'SELECT sum("power_mw") FROM "{BUCKET}" WHERE {where} GROUP BY time(1h)'  # noqa: S608
    windows = "aggregateWindow(every: 1d, fn: mean, createEmpty: false)"
    return {
        "sum by region": ("flux", f'{source} |> group(columns: ["region"]) |> sum()'),
        "mean by source": ("flux", f'{source} |> group(columns: ["energy_source"]) |> mean()'),
        "maximum of all": ("flux", f"{source} |> group() |> max()"),
        "daily mean by plant": ("flux", f"{source} |> {windows}"),
        "mean by region": (
            "influxql",
            f'SELECT mean("power_mw") FROM "{BUCKET}" WHERE {where} GROUP BY "region"',  # noqa: S608
        ),
        "hourly sum by source": ("influxql", f'{hourly}, "energy_source" fill(none)'),
    }


def check_aggregations(server: Server, end: datetime, *, points: int, repeat: int) -> Check:
    """Every aggregation so many times over all points of 30 days."""
    client = server.client()
    taken: dict[str, list[float]] = {}
    for name, (language, text) in queries(end).items():
        ask = client.flux if language == "flux" else influxql(client)
        ask(text)
        taken[name] = [timed(lambda ask=ask, text=text: ask(text)) for _ in range(repeat)]  # type: ignore[misc]
    found = percentiles([second for each in taken.values() for second in each])
    medians = {f"{name}, median ms": percentiles(each)["p50"] for name, each in taken.items()}
    return Check(
        "30-day aggregations", "TST-11", f"p95 < {QUERY_AIM_MS:g} ms",
        found["p95"] < QUERY_AIM_MS, found, {"points": points, **medians},
    )  # fmt: skip


def influxql(client: InfluxClient) -> Callable[[str], object]:
    """Asks the bucket in InfluxQL."""
    return lambda text: client.influxql(text, database=BUCKET)


def check_mixed(server: Server, *, readers: int, writers: int, seconds: float) -> Check:
    """Readers and writers at once, each a process; a query or a written point is an operation."""
    queue: Any = multiprocessing.Queue()
    until = time.time() + seconds + 1
    jobs = [(_write_until, n) for n in range(writers)] + [(_read_until, n) for n in range(readers)]
    processes = [
        multiprocessing.Process(target=job, args=(server, number, until, queue), daemon=True)
        for job, number in jobs
    ]
    for process in processes:
        process.start()
    told = [queue.get(timeout=seconds + 60) for _ in processes]
    for process in processes:
        process.join()
    taken = [second for _, _, each in told for second in each]
    points = sum(points for _, points, _ in told)
    asked = sum(len(each) for kind, _, each in told if kind == "read")
    reached = (points + asked) / seconds
    return Check(
        "mixed load", "TST-12", f"{readers} readers and {writers} writers, > {MIXED_AIM:g} ops/s",
        reached > MIXED_AIM, percentiles(taken),
        {
            "operations_per_second": round(reached),
            "requests_per_second": round(len(taken) / seconds),
            "queries_per_second": round(asked / seconds),
            "points_per_second": round(points / seconds),
        },
    )  # fmt: skip


def _write_until(server: Server, number: int, until: float, queue: Any) -> None:
    client, taken, size = server.client(), [], 100
    at = microseconds(datetime.now(UTC)) + number
    while time.time() < until - 1:
        at += 10_000
        lines = "\n".join(f"{series(n)}{n} {at}" for n in range(size)).encode()
        taken.append(timed(lambda lines=lines: client.write(BUCKET, lines)))  # type: ignore[misc]
    queue.put(("write", size * len(taken), taken))


def _read_until(server: Server, number: int, until: float, queue: Any) -> None:
    client, taken = server.client(), []
    end = datetime.now(UTC)
    where = (
        f"\"plant_name\" = 'plant-{number:03d}' AND time >= {microseconds(end) - 3_600_000_000}u"
    )
    text = f'SELECT last("power_mw") FROM "{BUCKET}" WHERE {where}'  # noqa: S608
    while time.time() < until - 1:
        taken.append(timed(lambda: client.influxql(text, database=BUCKET)))
    queue.put(("read", 0, taken))


def rows(start: datetime, stop: datetime) -> str:
    """Flux for the points of this check."""
    return (
        f'from(bucket: "{BUCKET}") |> range(start: {start.isoformat()}, stop: {stop.isoformat()})'
        f' |> filter(fn: (r) => r.dataset == "{DATASET}" and r._field == "power_mw")'
    )


def microseconds(at: datetime) -> int:
    """Since 1970."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@contextmanager
def found_server() -> Iterator[Server]:
    """The server of the environment, or one of our own for the while."""
    url, token = os.environ.get("INFLUXDB_URL"), os.environ.get("INFLUXDB_TOKEN", "")
    if url:
        yield Server(url, token, os.environ.get("INFLUXDB_ORG", "ons-energy"))
        return
    if find() is None:
        print(f"There is no InfluxDB to look at: {ADVICE}.", file=sys.stderr)
        raise SystemExit(2)
    with tempfile.TemporaryDirectory(prefix="ons-influxdb-") as folder:
        own = InfluxServer(Path(folder))
        own.start()
        try:
            yield Server(own.url, own.write_token, own.org)
        finally:
            own.stop()


def measured(server: Server, options: argparse.Namespace) -> Iterator[Check]:
    """The checks asked for; what was written is removed afterwards."""
    end = datetime.now(UTC).replace(second=0, microsecond=0)
    try:
        yield check_health(server)
        if options.health_check_only:
            return
        yield check_writes(server, rate=options.rate, seconds=options.seconds)
        points = seed(server, end, options.plants)
        yield check_aggregations(server, end, points=points, repeat=options.repeat)
        yield check_mixed(server, readers=10, writers=5, seconds=options.mixed_seconds)
    finally:
        begin = end - timedelta(days=DAYS + 1)
        server.client().delete(BUCKET, begin, end + timedelta(days=1), f'dataset="{DATASET}"')


def show(check: Check) -> None:
    """One check as a person reads it."""
    times = ", ".join(f"{name} {value:g} ms" for name, value in check.milliseconds.items())
    print(f"{'met   ' if check.met else 'MISSED'} {check.name} ({check.requirement}: {check.aim})")
    print(f"       {times}")
    for name, value in check.figures.items():
        print(f"       {name.replace('_', ' ')}: {value:,}")


def main() -> None:
    """Measure, show and say by the exit code whether every aim is met."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--health-check-only", action="store_true", help="seconds, one point")
    parser.add_argument("--json", action="store_true", help="one JSON object and no table")
    parser.add_argument("--rate", type=int, default=10_000, help="points per second")
    parser.add_argument("--seconds", type=int, default=60, help="of sustained writes")
    parser.add_argument("--repeat", type=int, default=20, help="times each aggregation is asked")
    parser.add_argument("--plants", type=int, default=PLANTS, help="a point a minute of each")
    parser.add_argument("--mixed-seconds", type=float, default=20.0)
    options = parser.parse_args()
    checks = []
    try:
        with found_server() as server:
            for check in measured(server, options):
                checks.append(check)
                if not options.json:
                    show(check)
    except OnsError as error:
        print(f"{type(error).__name__}: {error.message}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error
    if options.json:
        print(json.dumps({"checks": [asdict(check) for check in checks]}))
    raise SystemExit(0 if all(check.met for check in checks) else 1)


if __name__ == "__main__":
    main()
