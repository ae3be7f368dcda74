"""A load that dies anywhere is made whole by the next one: nothing lost, nothing doubled.

Every call the loader makes of the storage, the ledger or the store is a step: for every n the
worker dies before the n-th one, with all it holds, and another one loads what is pending.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fused import Fused
from influx import Influx
from ons_platform.lake import leases
from ons_platform.lake.ledger_sqlite import SqliteLedger
from ons_platform.timeseries.held import HeldPartition, State
from ons_platform.timeseries.loading.catchup import catch_up
from stored import FEBRUARY, JANUARY, Row, Stored, hours, own

pytestmark = pytest.mark.influxdb
OLD: dict[str, list[Row]] = {JANUARY: hours(0, 12), FEBRUARY: hours(744, 750)}
NEW: dict[str, list[Row]] = {JANUARY: [*hours(6, 20, 3.0), *hours(0, 2, region="NE")]}


class Crash(BaseException):
    """The worker is dead."""


class Fuse:
    """The `left`-th call and all after it are not made; nothing held is given back."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.blown = False
        self._lock = threading.Lock()

    def wrap(self, inner: Any) -> Any:
        return Fused(inner, self)

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            self.left -= 1
            self.blown = self.left <= 0
        if self.blown:
            raise Crash
        result = function(*args, **kwargs)
        if function.__name__ == "patient":
            return self.wrap(result)
        return self._held(result) if hasattr(result, "__enter__") else result

    @contextlib.contextmanager
    def _held(self, inner: Any) -> Iterator[Any]:
        with contextlib.ExitStack() as stack:
            try:
                yield stack.enter_context(inner)
            finally:
                if self.blown:
                    stack.pop_all()


def files(stored: Stored) -> dict[str, dict[str, str]]:
    """The lake files there are, as knowledge would tell them."""
    infos = stored.processed.list("dataset=")
    return {stored.slug: {info.path.rpartition("/")[0]: info.etag for info in infos}}


def catch(stored: Stored) -> None:
    """What the next run does."""
    done = catch_up(stored.loader(), files(stored), has_time=lambda: True)
    assert (done.failed, done.queued) == ([], [])


def check(stored: Stored, *rows: Row) -> None:
    """The store has these rows' points, each partition is held, and nothing is left over."""
    assert stored.points() == stored.expected(rows)
    own_files = files(stored)[stored.slug]
    held = stored.loader().held.get(stored.slug).partitions
    assert {name: record.etag for name, record in held.items()} == own_files
    assert {record.state for record in held.values()} == {State.HELD}
    kept = {info.path for info in stored.processed.list("_timeseries_files/")}
    wanted = {
        f"_timeseries_files/{stored.slug}/{name}/{one.load_id}.parquet"
        for name, record in held.items()
        for one in (record, record.previous)
        if one
    }
    assert wanted <= kept
    assert len(kept - wanted) <= 1, "died before it swept; the next load will"
    assert not stored.loader().load(stored.slug, JANUARY).changed


@pytest.fixture
def make(
    tmp_path: Path, influx_server: Influx, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Stored]]:
    """A new lake each time. A dead holder's lease ends at once."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0)
    made: list[Stored] = []

    def build() -> Stored:
        made.append(Stored(tmp_path / str(len(made)), influx_server, own("curva-carga")))
        return made[-1]

    yield build
    for stored in made:
        stored.close()


def test_a_first_load_cut_short_at_any_step_is_made_whole(make: Callable[[], Stored]) -> None:
    n = 0
    while True:
        n += 1
        here, fuse = make(), Fuse(n)
        here.put(OLD[JANUARY])
        with contextlib.suppress(Crash):
            here.loader(fuse.wrap, influxdb_batch_points=5).load(here.slug, JANUARY)
        catch(here)
        check(here, *OLD[JANUARY])
        if not fuse.blown:
            break
    assert n > 15


def test_a_new_file_in_place_of_an_old_one_cut_short_at_any_step(
    make: Callable[[], Stored],
) -> None:
    here = make()
    n, blown = 0, True
    while blown:
        n += 1
        for name, rows in OLD.items():
            here.put(rows, name)
        catch(here)
        check(here, *OLD[JANUARY], *OLD[FEBRUARY])
        here.put(NEW[JANUARY])
        fuse = Fuse(n)
        with contextlib.suppress(Crash):
            here.loader(fuse.wrap, influxdb_batch_points=5).load(here.slug, JANUARY)
        catch(here)
        check(here, *NEW[JANUARY], *OLD[FEBRUARY])
        blown = fuse.blown
    assert n > 15


def test_taking_back_cut_short_at_any_step_ends_with_one_of_both_whole(
    make: Callable[[], Stored],
) -> None:
    here = make()
    n, blown = 0, True
    while blown:
        n += 1
        here.put(OLD[JANUARY])
        here.loader().load(here.slug, JANUARY)
        here.put(NEW[JANUARY])
        here.loader().load(here.slug, JANUARY)
        fuse = Fuse(n)
        with contextlib.suppress(Crash):
            here.loader(fuse.wrap).roll_back(here.slug, JANUARY)
        catch(here)
        record = here.loader().held.get(here.slug).partitions[JANUARY]
        current = files(here)[here.slug][JANUARY]
        rows = NEW if record.etag == current else OLD
        assert record.state is State.HELD
        assert here.points() == here.expected(rows[JANUARY])
        blown = fuse.blown
    assert (record.refused_etag, record.etag == current) == (current, False)
    assert n > 15


def test_a_partition_leaving_the_lake_cut_short_at_any_step(make: Callable[[], Stored]) -> None:
    here = make()
    n, blown = 0, True
    while blown:
        n += 1
        for name, rows in OLD.items():
            here.put(rows, name)
        catch(here)
        here.processed.delete(f"{JANUARY}/{here.slug}.parquet")
        fuse = Fuse(n)
        with contextlib.suppress(Crash):
            here.loader(fuse.wrap).load(here.slug, JANUARY)
        catch(here)
        assert here.points() == here.expected(OLD[FEBRUARY])
        assert list(here.loader().held.get(here.slug).partitions) == [FEBRUARY]
        blown = fuse.blown
    assert n > 8


def test_workers_at_once_leave_the_newest_file_once(
    make: Callable[[], Stored], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 120)
    here = make()
    for number in range(3):
        rows = hours(0, 15 + number, 10.0 * number)
        here.put(rows)
        workers = [threading.Thread(target=_work, args=(here,)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        catch(here)
        check(here, *rows)


def _work(stored: Stored) -> None:
    catch_up(stored.loader(influxdb_batch_points=3), files(stored), has_time=lambda: True)


KILLED = """
import sys
from pathlib import Path
from influx import Influx
from ons_platform.catalog.registry import catalog
from stored import JANUARY, Stored
url, org, token, folder, slug = sys.argv[1:]
dataset = catalog()["curva-carga"].model_copy(update={"dataset": slug})
stored = Stored(Path(folder), Influx(url, org, token, token, token), dataset)
stored.loader(influxdb_batch_points=50).load(slug, JANUARY)
"""


def test_a_process_killed_in_the_middle_is_made_good(
    make: Callable[[], Stored], influx_server: Influx
) -> None:
    """SIGKILL at different moments of real loads, once they have begun to change the store."""
    here = make()
    here.put(OLD[JANUARY])
    catch(here)
    rows = [row for region in range(60) for row in hours(0, 700, float(region), f"R{region}")]
    here.put(rows)
    assert isinstance(here.ledger, SqliteLedger)
    for delay in (0.0, 0.1, 0.3):
        arguments = [influx_server.url, influx_server.org, influx_server.operator_token]
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, *arguments, str(here.folder), here.slug],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "support")},
        )
        while _record(here).state is not State.LOADING and process.poll() is None:
            time.sleep(0.01)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert _record(here).state is State.LOADING
        assert _record(here).previous is not None
        here.ledger.break_leases()
        catch(here)
        check(here, *rows)
        rows = rows[:-1000]
        here.put(rows)


def _record(stored: Stored) -> HeldPartition:
    return stored.loader().held.get(stored.slug).partitions[JANUARY]
