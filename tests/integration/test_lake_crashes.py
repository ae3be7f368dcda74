"""Whatever dies between any two steps of processing, delivering the object again mends it.

Every call the processor makes of the storage or the ledger is a step: for every n the worker dies
before the n-th one, with all it holds, and the execution is delivered again. The lake must then
hold what a plain dictionary of the files' rows says: nothing lost, nothing doubled.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fused import Fused
from ons_platform.config import Settings
from ons_platform.lake import leases
from ons_platform.lake.knowledge import KnowledgeBase
from ons_platform.lake.ledger import ObjectVersion, Status

Hours = Mapping[tuple[int, str], float | None]
START = datetime(2023, 1, 31, 3, tzinfo=UTC)
"""Midnight in Brasília of the day the files begin: they run into the next month."""


class Crash(BaseException):
    """The worker is dead."""


class Fuse:
    """Counts calls through all it wraps; the `left`-th is not made any more.

    From then on every call raises, and nothing is released: what a killed process leaves behind.
    """

    def __init__(self, left: int) -> None:
        self.left = left
        self.blown = False
        self._lock = threading.Lock()

    def wrap(self, inner: Any) -> Any:
        return Fused(inner, self)

    def burn(self) -> None:
        """One call more, or `Crash`."""
        with self._lock:
            self.left -= 1
            self.blown = self.left <= 0
        if self.blown:
            raise Crash

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.burn()
        result = function(*args, **kwargs)
        return _held(result, self) if hasattr(result, "__enter__") else result


@contextlib.contextmanager
def _held(inner: Any, fuse: Fuse) -> Iterator[Any]:
    """A lease or a file: a dead worker does not give it back."""
    with contextlib.ExitStack() as stack:
        try:
            yield stack.enter_context(inner)
        finally:
            if fuse.blown:
                stack.pop_all()


def merged(files: Sequence[tuple[ObjectVersion, Hours]]) -> dict[tuple[datetime, str], Any]:
    """The rule in plain Python: of each key the newest version, of each row the newest object."""
    newest: dict[str, tuple[ObjectVersion, Hours]] = {}
    for version, hours in sorted(files, key=lambda file: file[0].rank):
        newest[version.key] = (version, hours)
    rows: dict[tuple[datetime, str], Any] = {}
    for version, hours in sorted(newest.values(), key=lambda file: file[0].rank):
        for (hour, region), value in hours.items():
            rows[START + timedelta(hours=hour), region] = (value, version.key)
    return rows


def changed(old: Hours, new: Hours) -> dict[str, int]:
    """A revision, in plain Python."""
    both = old.keys() & new.keys()
    return {
        "old": len(old),
        "new": len(new),
        "added": len(new.keys() - old.keys()),
        "vanished": len(old.keys() - new.keys()),
        "changed": sum(old[key] != new[key] for key in both),
    }


@dataclass
class World:
    """A small platform and the rows of each version in it."""

    platform: Any
    load_csv: Callable[[Hours], bytes]
    files: list[tuple[ObjectVersion, Hours]]

    def receive(self, key: str, hours: Hours) -> ObjectVersion:
        version: ObjectVersion = self.platform.received(f"year=2023/{key}", self.load_csv(hours))
        self.files.append((version, hours))
        return version

    def deliver(self, version: ObjectVersion, fuse: Fuse | None = None) -> None:
        zones = self.platform.zones
        ledger, storage = zones.ledger, zones.processed
        if fuse is not None:
            ledger, storage = fuse.wrap(ledger), fuse.wrap(storage)
        self.platform.deliver(version, ledger, storage)

    def check(self) -> None:
        """Lake, coverage, ledger and revisions are what the files say."""
        zones = self.platform.zones
        expected = merged(self.files)
        rows = [row for info in zones.processed.list("dataset=") for row in self._rows(info.path)]
        found = {
            (row["timestamp"], row["region"]): (row["value"], row["source_file"]) for row in rows
        }
        assert found == expected
        assert len(rows) == len(expected)
        known = KnowledgeBase(zones.processed).get("curva-carga")
        assert known is not None
        assert known.rows == len(expected)
        for part in known.partitions:
            assert len(self._rows(part["path"])) == part["rows"]
        self._check_entries()

    def _rows(self, path: str) -> list[dict[str, Any]]:
        with self.platform.zones.processed.as_file(path) as file:
            found: list[dict[str, Any]] = pq.read_table(file).to_pylist()
        return found

    def _check_entries(self) -> None:
        """Every version ended well; of each key the newest says what it changed."""
        ledger = self.platform.zones.ledger
        by_key: dict[str, list[tuple[ObjectVersion, Hours]]] = {}
        for file in sorted(self.files, key=lambda file: file[0].rank):
            by_key.setdefault(file[0].key, []).append(file)
        for versions in by_key.values():
            for version, _ in versions:
                entry = ledger.get(version.key, version.version_id)
                assert entry.status in (Status.COMPLETED, Status.SUPERSEDED)
            assert len(ledger.recorded(versions[-1][0].key)) == min(2, len(versions))
            if len(versions) > 1:
                (_, old), (newest, new) = versions[-2:]
                entry = ledger.get(newest.key, newest.version_id)
                told = {name: entry.revision["rows"][name] for name in changed(old, new)}
                assert told == changed(old, new)


@pytest.fixture
def world(
    tmp_path: Path, small_platform: Any, load_csv: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], World]]:
    """A new, empty world each time it is called. A dead holder's lease ends at once."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0)
    made: list[World] = []

    def make(settings: Settings | None = None) -> World:
        folder = tmp_path / str(len(made))
        platform = small_platform(settings) if settings else small_platform.at(folder)
        made.append(World(platform, load_csv, []))
        return made[-1]

    yield make
    for one in made:
        one.platform.close()


def hours(first: int, last: int, value: float, *, without: int = -1) -> Hours:
    return {
        (hour, region): None if hour % 7 == 6 else value + hour
        for hour in range(first, last)
        for region in ("NE", "SE")
        if hour != without
    }


HISTORIES: dict[str, list[tuple[str, Hours]]] = {
    "two keys over the same rows, the first one revised": [
        ("CURVA_CARGA_2023.csv", hours(20, 30, 100.0)),
        ("SNAP__CURVA_CARGA_2023.csv", hours(25, 28, 200.0)),
        ("CURVA_CARGA_2023.csv", hours(18, 27, 300.0, without=22)),
    ],
    "a third version, after which the first one's slices go": [
        ("CURVA_CARGA_2023.csv", hours(20, 30, 100.0)),
        ("CURVA_CARGA_2023.csv", hours(20, 28, 150.0)),
        ("CURVA_CARGA_2023.csv", hours(20, 23, 200.0)),
    ],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_a_crash_at_any_step_is_mended_by_delivering_again(
    world: Callable[[], World], name: str
) -> None:
    *earlier, last = HISTORIES[name]
    n = 0
    while True:
        n += 1
        here = world()
        for key, rows in earlier:
            here.deliver(here.receive(key, rows))
        version = here.receive(*last)
        fuse = Fuse(n)
        with contextlib.suppress(Crash):
            here.deliver(version, fuse)
        here.deliver(version)
        here.check()
        if not fuse.blown:
            break
    assert n > 35


@pytest.mark.parametrize("late", [0, 1])
def test_a_crash_of_a_version_that_comes_late_is_mended(
    world: Callable[[], World], late: int
) -> None:
    name = "a third version, after which the first one's slices go"
    for n in range(1, 60, 2):
        here = world()
        versions = [here.receive(key, rows) for key, rows in HISTORIES[name]]
        for number, version in enumerate(versions):
            if number != late:
                here.deliver(version)
        with contextlib.suppress(Crash):
            here.deliver(versions[late], Fuse(n))
        here.deliver(versions[late])
        here.check()


def test_crashes_on_s3_and_dynamodb_are_mended(
    world: Callable[..., World], bucket: str, ledger_table: str
) -> None:
    """One bucket for both zones: their paths do not meet."""
    *earlier, last = HISTORIES["two keys over the same rows, the first one revised"]
    settings = Settings(
        storage_url="s3://{bucket}", ledger_url=f"dynamodb://{ledger_table}",
        raw_bucket=bucket, processed_bucket=bucket,
    )  # fmt: skip
    here = world(settings)
    for key, rows in earlier:
        here.deliver(here.receive(key, rows))
    for n in (6, 12, 14, 17, 19, 23, 27, 31, 35, 38):
        version = here.receive(*last)
        fuse = Fuse(n)
        with contextlib.suppress(Crash):
            here.deliver(version, fuse)
        assert fuse.blown
        here.deliver(version)
        here.check()


@pytest.mark.parametrize("seed", range(6))
def test_workers_at_once_some_of_which_die(world: Callable[[], World], seed: int) -> None:
    chance = random.Random(seed)
    here = world()
    versions = [
        here.receive(
            chance.choice(["CURVA_CARGA_2023.csv", "SNAP__CURVA_CARGA_2023.csv"]),
            hours(chance.randint(15, 22), chance.randint(24, 30), 100.0 * number),
        )
        for number in range(1, 7)
    ]

    def work(order: Sequence[ObjectVersion], fuse: Fuse | None) -> None:
        with contextlib.suppress(Crash):
            for version in order:
                here.deliver(version, fuse)

    workers = [
        threading.Thread(
            target=work,
            args=(
                chance.sample(versions, len(versions)),
                Fuse(chance.randint(5, 150)) if number else None,
            ),
        )
        for number in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for version in chance.sample(versions, len(versions)):
        here.deliver(version)
    here.check()


CELLS = st.dictionaries(
    st.tuples(st.integers(18, 26), st.sampled_from(["NE", "SE"])),
    st.sampled_from([None, 1.0, 2.0]),
    min_size=1,
    max_size=8,
)
EXAMPLES = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EXAMPLES
@given(data=st.data())
def test_any_history_of_revisions_in_any_order(
    world: Callable[[], World], data: st.DataObject
) -> None:
    """Rows change, come, go, are filled and emptied; versions arrive late, twice, or die."""
    here = world()
    keys = st.sampled_from(["CURVA_CARGA_2023.csv", "SNAP__CURVA_CARGA_2023.csv"])
    for _ in range(data.draw(st.integers(2, 5))):
        here.receive(data.draw(keys), data.draw(CELLS))
    versions = [version for version, _ in here.files]
    for version in data.draw(st.lists(st.sampled_from(versions), max_size=3)):
        fuse = Fuse(data.draw(st.integers(1, 50)))
        with contextlib.suppress(Crash):
            here.deliver(version, fuse)
    for version in data.draw(st.permutations(versions)):
        here.deliver(version)
    here.check()
