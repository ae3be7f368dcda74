"""The lake ends the same whatever the order, repetition, concurrency or crashes of its writers.

Random histories of overlapping files are delivered in random ways and the lake is compared with an
oracle in pandas that knows only the rule: for each row key, the row of the newest current version
that has it; within a file equal rows collapse and the last of differing rows counts.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fused import Fused
from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog
from ons_platform.lake import leases, merge
from ons_platform.lake.knowledge import KnowledgeBase, refresh
from ons_platform.lake.ledger import Ledger, ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.lake.slices import SliceWriter
from ons_platform.storage import Storage

Batch = tuple[pa.Table, NDArray[np.int32]]
Rows = Callable[[Dataset, Sequence[Mapping[str, Any]]], Batch]

DATASET = catalog()["geracao-usina-2"]
REFERENCE = catalog()["capacidade-geracao"]
START = datetime(2023, 1, 31, 22, tzinfo=UTC)
"""Five hours before the civil month of February begins: the rows of a file fall in two months."""

COMPARED = ["timestamp", "region", "entity_name", "value", "quality_flag", "source_file"]
DELIVERY = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Crash(BaseException):
    """The worker stops here."""


@dataclass(frozen=True)
class Cell:
    """One row of a file."""

    hour: int
    region: str
    entity_name: str | None
    value: int

    def row(self, source: str) -> dict[str, Any]:
        return {
            "timestamp": START + timedelta(hours=self.hour),
            "region": self.region,
            "entity_name": self.entity_name,
            "value": float(self.value),
            "source_file": source,
        }


@dataclass(frozen=True)
class File:
    """One version of one raw object."""

    version: ObjectVersion
    cells: tuple[Cell, ...]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [cell.row(f"{self.version.key}@{self.version.version_id}") for cell in self.cells]


@st.composite
def histories(draw: st.DrawFn) -> list[File]:
    """Versions of two keys, numbered in the order they were made."""
    cells = st.builds(
        Cell,
        hour=st.integers(0, 9),
        region=st.sampled_from(["N", "SE"]),
        entity_name=st.sampled_from([None, "U1"]),
        value=st.integers(0, 2),
    )
    files = []
    for number in range(draw(st.integers(2, 6))):
        key = draw(st.sampled_from(["A.csv", "B.csv"]))
        version = ObjectVersion("raw", key, f"v{number}", f"{number:04X}", 1, "e", "t")
        files.append(File(version, tuple(draw(st.lists(cells, min_size=1, max_size=8)))))
    return files


@st.composite
def deliveries(draw: st.DrawFn, files: list[File]) -> list[File]:
    """Every version at least once, some again, in any order."""
    again = draw(st.lists(st.sampled_from(files), max_size=4))
    return draw(st.permutations([*files, *again]))


def deliver(
    version: ObjectVersion,
    batches: Sequence[Batch],
    dataset: Dataset,
    ledger: Ledger,
    storage: Storage,
    scratch: Path,
) -> None:
    """What the processor does with an object version, and the knowledge update after it."""
    with tempfile.TemporaryDirectory(dir=scratch) as workdir:
        writer = SliceWriter(dataset, version, storage, Path(workdir))
        for table, months in batches:
            writer.write(table, months)
        merge.commit(version, dataset, writer.close(), ledger, storage)
    refresh(dataset, ledger, storage)


class World:
    """One lake on disk and a way to deliver files to it."""

    def __init__(self, root: Path, build: Rows, dataset: Dataset = DATASET) -> None:
        self.root = root
        self.build = build
        self.dataset = dataset
        self.storage = Storage((root / "processed").as_uri())
        self.ledger = open_ledger(f"sqlite://{root}/ledger.db")

    def deliver(self, file: File, ledger: Any = None, storage: Any = None) -> None:
        """Deliver in batches of five rows."""
        batches = [
            self.build(self.dataset, file.rows[start : start + 5])
            for start in range(0, len(file.rows), 5)
        ]
        ledger, storage = ledger or self.ledger, storage or self.storage
        deliver(file.version, batches, self.dataset, ledger, storage, self.root)

    def table(self, file: File) -> Batch:
        """All rows of a file in one batch."""
        return self.build(self.dataset, file.rows)

    def content(self) -> pd.DataFrame:
        """All rows of the lake, as readers see them."""
        files = sorted((self.root / "processed").glob("dataset=*/**/*.parquet"))
        return ordered(pd.concat([_frame(file) for file in files], ignore_index=True))

    def check(self, files: Sequence[File]) -> None:
        """The lake, its partitions and its knowledge are what the files say."""
        expected = oracle(files)
        pd.testing.assert_frame_equal(self.content(), expected)
        known = KnowledgeBase(self.storage).get(self.dataset.dataset)
        assert known is not None
        assert known.rows == len(expected)
        assert known.flagged.get("duplicate", 0) == (expected.quality_flag == "duplicate").sum()
        for part in known.partitions:
            file = self.root / "processed" / part["path"]
            assert pq.read_metadata(file).num_rows == part["rows"]
            assert datetime.fromisoformat(part["first"]) == _frame(file).timestamp.min()


def _frame(file: Path) -> pd.DataFrame:
    frame = pq.read_table(file, columns=COMPARED).to_pandas()
    return frame.astype(dict.fromkeys(frame.select_dtypes("category").columns, object))


def ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """The compared columns in one order, nulls as None."""
    texts = {name: object for name in COMPARED if name not in {"timestamp", "value"}}
    frame = frame[COMPARED].astype(texts)
    frame = frame.where(frame.notna(), None).astype({**texts, "value": float})
    frame["timestamp"] = pd.to_datetime(frame.timestamp, utc=True).astype("datetime64[us, UTC]")
    frame = frame.sort_values(
        ["timestamp", "region", "entity_name"], key=lambda s: s.map(str) if s.dtype == object else s
    )
    return frame.reset_index(drop=True)


def oracle(files: Sequence[File]) -> pd.DataFrame:
    """The rule, in pandas."""
    newest: dict[str, File] = {}
    for file in sorted(files, key=lambda file: file.version.rank):
        newest[file.version.key] = file
    key = ["timestamp", "region", "entity_name"]
    frames = []
    for file in sorted(newest.values(), key=lambda file: file.version.rank, reverse=True):
        frame = pd.DataFrame(file.rows).drop_duplicates()
        conflict = frame.duplicated(key, keep=False)
        frame["quality_flag"] = np.where(conflict, "duplicate", "ok")
        frames.append(_last_of_file(frame, file, key))
    return ordered(pd.concat(frames).drop_duplicates(key, keep="first"))


def _last_of_file(frame: pd.DataFrame, file: File, key: list[str]) -> pd.DataFrame:
    """The last row of each key as the file has them, with its flag."""
    flags = frame.drop_duplicates(key, keep="last")[[*key, "quality_flag"]]
    last = pd.DataFrame(file.rows).drop_duplicates(key, keep="last")
    return last.merge(flags, on=key, how="left")


@pytest.fixture
def world(tmp_path: Path, lake_rows: Rows) -> Callable[[], AbstractContextManager[World]]:
    """A new, empty world each time it is called; in memory where the machine offers it."""
    memory = Path("/dev/shm")
    folder = memory if os.access(memory, os.W_OK) else tmp_path

    @contextlib.contextmanager
    def make() -> Iterator[World]:
        with tempfile.TemporaryDirectory(dir=folder) as root:
            made = World(Path(root), lake_rows)
            yield made
            made.ledger.close()

    return make


def together(*works: Callable[[], object]) -> None:
    """Run in threads; what one raises fails the test."""
    errors: list[BaseException] = []

    def run(work: Callable[[], object]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@DELIVERY
@given(st.data())
def test_any_order_and_repetition_gives_the_same_lake(world: Any, data: st.DataObject) -> None:
    files = data.draw(histories())
    with world() as here:
        for file in data.draw(deliveries(files)):
            here.deliver(file)
        here.check(files)


@DELIVERY
@given(st.data())
def test_two_workers_at_once_give_the_same_lake(world: Any, data: st.DataObject) -> None:
    files = data.draw(histories())
    with world() as here:
        order = data.draw(deliveries(files))
        cut = data.draw(st.integers(0, len(order)))
        together(
            lambda: [here.deliver(file) for file in order[:cut]],
            lambda: [here.deliver(file) for file in order[cut:]],
        )
        here.check(files)


class Unleased:
    """The ledger as if every lease had expired: only the conditional swap is left."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def lease(self, _: str, **__: Any) -> AbstractContextManager[None]:
        return nullcontext()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


@DELIVERY
@given(st.data())
def test_writers_that_lost_their_leases_do_no_harm(world: Any, data: st.DataObject) -> None:
    files = data.draw(histories())
    with world() as here:
        order = data.draw(deliveries(files))
        ledger: Any = Unleased(here.ledger)
        together(
            *(
                lambda part=order[part::3]: [here.deliver(file, ledger) for file in part]
                for part in range(3)
            )
        )
        here.check(files)


class Fuse:
    """Wraps the ledger or the storage; the n-th call through any of them is the last."""

    def __init__(self, left: int) -> None:
        self.left = left

    def wrap(self, inner: Any) -> Any:
        return Fused(inner, self)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise Crash
        result = function(*args, **kwargs)
        if self.left == -1:
            raise Crash
        return result


@DELIVERY
@given(st.data())
def test_a_crash_anywhere_is_repaired_by_redelivery(world: Any, data: st.DataObject) -> None:
    files = data.draw(histories())
    with world() as here:
        for file in data.draw(deliveries(files)):
            fuse = Fuse(data.draw(st.integers(1, 30)))
            with contextlib.suppress(Crash):
                here.deliver(file, fuse.wrap(here.ledger), fuse.wrap(here.storage))
        for file in data.draw(st.permutations(files)):
            here.deliver(file)
        here.check(files)


def test_killed_processes_are_followed_by_others(
    tmp_path: Path, lake_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(7)
    here = World(tmp_path, lake_rows)
    files = [_random_file(number, chance) for number in range(12)]
    for _ in range(3):
        order = chance.sample(files, len(files))
        workers = [_worker(here, order[part::2]) for part in range(2)]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"started\n"
        time.sleep(chance.uniform(0.01, 0.4))
        for worker in workers:
            worker.kill()
            worker.communicate()
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2)
    for file in chance.sample(files, len(files)):
        here.deliver(file)
    here.check(files)
    here.ledger.close()


def _worker(here: World, files: Sequence[File]) -> subprocess.Popen[bytes]:
    """A process that delivers the files one after the other."""
    work = here.root / f"{uuid.uuid4().hex}.work"
    work.write_bytes(pickle.dumps([(file.version, *here.table(file)) for file in files]))
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['deliver_all'](*sys.argv[2:])"
    command = [sys.executable, "-c", code, __file__, str(here.root), str(work)]
    support = Path(__file__).parents[1] / "support"
    environ = {**os.environ, "PYTHONPATH": str(support)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environ)


def deliver_all(root: str, work: str) -> None:
    """What a worker process does; its leases are short because it is going to be killed."""
    leases.LEASE_SECONDS = 2
    storage = Storage(Path(root, "processed").as_uri())
    ledger = open_ledger(f"sqlite://{root}/ledger.db")
    print("started", flush=True)
    for version, table, months in pickle.loads(Path(work).read_bytes()):
        deliver(version, [(table, months)], DATASET, ledger, storage, Path(root))


def test_of_reference_data_the_newest_object_wins_whole(
    tmp_path: Path, object_version: Callable[..., ObjectVersion]
) -> None:
    storage = Storage((tmp_path / "processed").as_uri())
    ledger = open_ledger(f"sqlite://{tmp_path}/ledger.db")
    tables = {
        number: pa.table(
            {"nom_usina": ["A", "B"][:number], "val_potenciaefetiva": [1.0, 2.0][:number]}
        )
        for number in (1, 2)
    }
    for number, key in ((2, "CAPACIDADE_GERACAO.csv"), (1, "CAPACIDADE_GERACAO (1).csv")):
        version = object_version(key, 3 - number)
        writer = SliceWriter(REFERENCE, version, storage, tmp_path)
        writer.write(tables[number])
        merge.commit(version, REFERENCE, writer.close(), ledger, storage)
    lake = pq.read_table(tmp_path / "processed" / "reference" / "capacidade-geracao.parquet")
    assert lake.to_pydict() == tables[1].to_pydict()
    ledger.close()


def _random_file(number: int, chance: random.Random) -> File:
    version = ObjectVersion("raw", chance.choice("ABC"), f"v{number}", f"{number:04X}", 1, "e", "t")
    cells = tuple(
        Cell(chance.randint(0, 9), chance.choice(["N", "SE"]), chance.choice([None, "U"]), number)
        for _ in range(30)
    )
    return File(version, cells)
