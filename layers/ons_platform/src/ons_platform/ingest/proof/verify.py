"""Proves that the lake is what the raw files say (issue 4 item 8).

Every current object version is read again from the raw zone and normalised; its rows must be those
of its slices, the merge of the slices those of the lake files, and the ledger must describe what
is there. Rows are compared by number, by exact sums and nulls per measure, and by a hash over all
their columns that does not depend on their order. Memory stays flat: one file at a time.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import Catalog
from ons_platform.errors import InvalidRequest, NotFound, RejectedFile, StorageUnavailable
from ons_platform.ingest.process import DONE, sha256
from ons_platform.ingest.proof.remake import Remade, remade
from ons_platform.ingest.proof.verification import Problem, Verification
from ons_platform.ingest.proof.zones import Zones
from ons_platform.lake.fingerprint import Fingerprint, fingerprint
from ons_platform.lake.knowledge import KnowledgeBase, describe
from ons_platform.lake.layout import Partition, lake_partition
from ons_platform.lake.ledger import Entry, ObjectVersion, PartitionInfo, Recorded, Slice
from ons_platform.lake.merge import current_slices, is_merge, merge_files
from ons_platform.storage import Storage

ALL = 2**31
_UNREADABLE = (pa.ArrowException, OSError, KeyError, ValueError)
_LOOKS = 3
_PAUSE = 1.0
"""Seconds before what seemed wrong is looked at again: a writer records what it swapped in."""
_T = TypeVar("_T", str, Partition)

Watch = Callable[[str, int, int], None]
"""Told what is looked at, how many of how many."""


@dataclass(frozen=True)
class Scope:
    """The keys and partitions of a verification.

    `newest` has the newest version of each key that went into the lake, as its entry says;
    `strangers` are lake files of no dataset of the catalogue.
    """

    keys: tuple[str, ...]
    newest: Mapping[str, Entry]
    partitions: tuple[Partition, ...]
    strangers: tuple[str, ...] = ()

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets of the partitions."""
        return tuple(sorted({partition.dataset for partition in self.partitions}))


def verify(zones: Zones, target: str | None = None, watch: Watch | None = None) -> Verification:
    """Look at everything, or at one dataset or object key; changes nothing.

    What others change meanwhile is looked at again. Raises `NotFound` for a target nobody knows.
    """
    with tempfile.TemporaryDirectory(prefix="ons-verify-") as folder:
        return _Verifier(zones, Path(folder), watch or _silent).run(scope_of(zones, target))


def scope_of(zones: Zones, target: str | None) -> Scope:
    """What the target names: all, a dataset's slug, or an object's key (or its unique ending)."""
    entries = zones.ledger.entries(limit=ALL)
    if target is not None and target not in zones.catalog:
        return _scope_of_key(zones, target, entries)
    partitions = {p for d in zones.catalog if target in (None, d.dataset) for p in _known(zones, d)}
    strangers = []
    for info in (*zones.processed.list("dataset="), *zones.processed.list("reference/")):
        partition = lake_partition(info.path)
        if partition is None or partition.dataset not in zones.catalog:
            strangers += [info.path] if target is None else []
        elif target in (None, partition.dataset):
            partitions.add(typed(partition, zones.catalog))
    keys = {e.version.key for e in entries if e.dataset and target in (None, e.dataset)}
    for partition in sorted(partitions, key=_order):
        keys |= {item.key for item in zones.ledger.current_slices(partition)}
    for key in sorted(keys):
        for version in zones.ledger.recorded(key, limit=1):
            partitions |= {item.partition for item in version.slices}
    ordered = tuple(sorted(partitions, key=_order))
    return Scope(tuple(sorted(keys)), _newest(entries), ordered, tuple(strangers))


def _scope_of_key(zones: Zones, target: str, entries: Sequence[Entry]) -> Scope:
    keys = {entry.version.key for entry in entries}
    near = [target] if target in keys else sorted(k for k in keys if k.endswith(f"/{target}"))
    if len(near) > 1:
        raise InvalidRequest(f"{target!r} is the end of several keys: {', '.join(near[:5])}")
    if not near:
        known = ", ".join(dataset.dataset for dataset in zones.catalog)
        raise NotFound(f"{target!r} is neither the key of an object nor one of: {known}")
    recorded = zones.ledger.recorded(near[0], limit=1)
    partitions = {item.partition for version in recorded for item in version.slices}
    return Scope((near[0],), _newest(entries), tuple(sorted(partitions, key=_order)))


class _Verifier:
    """One verification; slices that turn out wrong are kept as the raw file says them."""

    def __init__(self, zones: Zones, folder: Path, watch: Watch) -> None:
        self._zones = zones
        self._folder = folder
        self._watch = watch
        self._proven: dict[str, Fingerprint] = {}
        self._fresh: dict[str, Path] = {}
        self._counted: set[str] = set()
        self.found = Verification()

    def run(self, scope: Scope) -> Verification:
        """Everything once, and what seemed wrong once more: others may have been at work on it."""
        keys = [key for key in self._watched(scope.keys) if self._check_key(key, scope)]
        wrong = [item for item in self._watched(scope.partitions) if self._check_partition(item)]
        if keys or wrong:
            time.sleep(_PAUSE)
            self.found.problems.clear()
            for key in keys:
                self._check_key(key, scope)
            for partition in wrong:
                self._check_partition(partition)
        for slug in scope.datasets:
            self._check_knowledge(self._zones.catalog[slug])
        for path in scope.strangers:
            self._note("lake_unrecorded", None, path=path)
        return self.found

    def _watched(self, items: Sequence[_T]) -> Iterator[_T]:
        for number, item in enumerate(items):
            name = item.path if isinstance(item, Partition) else str(item)
            self._watch(name, number, len(items))
            yield item

    def _count(self, what: str, dataset: str, **more: int) -> None:
        """Each thing counts once, however often it is looked at."""
        if what not in self._counted:
            self._counted.add(what)
            self.found.count(dataset, **more)

    def _note(self, kind: str, dataset: str | None, **details: Any) -> None:
        self.found.problems.append(Problem(kind, dataset, **details))

    def _check_key(self, key: str, scope: Scope) -> bool:
        """The current version's raw object against entry and slices; whether anything is wrong.

        What is found while a newer version comes in does not count.
        """
        before = len(self.found.problems)
        ledger = self._zones.ledger
        for _ in range(_LOOKS):
            history = ledger.recorded(key, limit=1)
            newest = scope.newest.get(key)
            if newest and (not history or history[0].rank < newest.version.rank):
                self._note_version("not_recorded", newest.version, newest.dataset)
            if history:
                self._check_current(history[0])
            if history == ledger.recorded(key, limit=1):
                break
            del self.found.problems[before:]
        return len(self.found.problems) > before

    def _check_current(self, current: Recorded) -> None:
        zones = self._zones
        entry = zones.ledger.get(current.key, current.version_id)
        slug = current.slices[0].partition.dataset if current.slices else None
        version = entry.version if entry else lost_version(current, zones.raw)
        if entry is None:
            self._note_version("entry_missing", version, slug)
        try:
            with remade(
                version, catalog=zones.catalog, raw=zones.raw, settings=zones.settings
            ) as fresh:
                self._check_version(version, entry, current, fresh)
        except (NotFound, StorageUnavailable):
            self._note_version("raw_missing", version, slug)
        except RejectedFile as refusal:
            self._note_refused(version, entry, slug, refusal)

    def _note_version(
        self, kind: str, version: ObjectVersion, slug: str | None, **details: Any
    ) -> None:
        self._note(kind, slug, key=version.key, version_id=version.version_id, **details)

    def _note_refused(
        self, version: ObjectVersion, entry: Entry | None, slug: str | None, why: RejectedFile
    ) -> None:
        """Damage may make a file unreadable: then it is its checksum that says what happened."""
        received = entry.metadata.get("checksum") if entry else None
        with self._zones.raw.as_file(version.key, version.version_id) as path:
            found = sha256(path)
        if received and found != received:
            self._note_version("raw_differs", version, slug, expected=received, found=found)
        else:
            self._note_version("raw_refused", version, slug, found=why.message)

    def _check_version(
        self, version: ObjectVersion, entry: Entry | None, current: Recorded, fresh: Remade
    ) -> None:
        written = fresh.written
        slug = written.dataset.dataset
        self._count(version.key, slug, versions=1, raw_bytes=version.size)
        received = entry.metadata.get("checksum") if entry else None
        if received and received != written.checksum:
            details = {"expected": received, "found": written.checksum}
            self._note_version("raw_differs", version, slug, **details)
            return
        stored = {item.partition: item for item in current.slices}
        for item in written.slices:
            with fresh.storage.as_file(item.path) as path:
                self._check_slice(version, stored.pop(item.partition, None), path, written.dataset)
        for left in stored.values():
            self._note_version("slice_differs", version, slug, partition=left.partition.name)

    def _check_slice(
        self, version: ObjectVersion, stored: Slice | None, fresh: Path, dataset: Dataset
    ) -> None:
        expected = fingerprint(fresh, dataset)
        found, problem = self._rows(stored.path if stored else None, dataset)
        info = self._zones.processed.head(stored.path) if stored else None
        if stored and found == expected and info and info.etag == stored.etag:
            self._proven[stored.path] = expected
            return
        kind = "slice_missing" if found is None and problem is None else "slice_differs"
        told = problem or (found.as_dict() if found else None)
        where = {"partition": stored.partition.name, "path": stored.path} if stored else {}
        self._note_version(
            kind, version, dataset.dataset, **where, expected=expected.as_dict(), found=told
        )
        if stored:
            kept = self._folder / f"{len(self._fresh)}.parquet"
            shutil.copyfile(fresh, kept)
            self._fresh[stored.path] = kept

    def _rows(self, path: str | None, dataset: Dataset) -> tuple[Fingerprint | None, str | None]:
        """What the object's rows come to, or why they cannot be read; neither when it is absent."""
        if path is None:
            return None, None
        try:
            with self._zones.processed.as_file(path) as file:
                return fingerprint(file, dataset), None
        except (NotFound, FileNotFoundError):
            return None, None
        except _UNREADABLE as wrong:
            return None, f"unreadable: {wrong}".splitlines()[0]

    def _check_partition(self, partition: Partition) -> bool:
        """The lake file against its slices and its row in the ledger; whether it is wrong.

        What is found while others build the file does not count.
        """
        dataset = self._zones.catalog[partition.dataset]
        for _ in range(_LOOKS):
            before = self._state(partition, dataset)
            problems, rows = self._look(partition, dataset, *before)
            if before == self._state(partition, dataset):
                break
            problems = []
        self.found.problems += problems
        self._count(partition.path, dataset.dataset, partitions=1, rows=rows)
        return bool(problems)

    def _state(
        self, partition: Partition, dataset: Dataset
    ) -> tuple[list[Slice], PartitionInfo | None, str | None]:
        zones = self._zones
        head = zones.processed.head(partition.path)
        slices = current_slices(partition, dataset, zones.ledger)
        return slices, zones.ledger.partition(partition), head.etag if head else None

    def _look(
        self,
        partition: Partition,
        dataset: Dataset,
        slices: list[Slice],
        info: PartitionInfo | None,
        etag: str | None,
    ) -> tuple[list[Problem], int]:
        """Problems of the lake file and its rows."""
        where = {"partition": partition.name, "path": partition.path}
        slug = dataset.dataset
        if etag is None:
            missing = slices or (info and info.rows)
            return ([Problem("lake_missing", slug, **where)] if missing else []), 0
        problems = []
        if info is None:
            kind = "partition_unrecorded" if slices else "lake_unrecorded"
            problems.append(Problem(kind, slug, **where))
        elif not is_merge(info, etag, slices):
            problems.append(Problem("ledger_outdated", slug, **where))
        expected = self._expected(slices, dataset)
        found, problem = self._rows(partition.path, dataset)
        if problem or (expected is not None and found != expected):
            told = problem or (found.as_dict() if found else None)
            wanted = expected.as_dict() if expected else None
            problems.append(Problem("lake_differs", slug, **where, expected=wanted, found=told))
        return problems, found.rows if found else 0

    def _expected(self, slices: list[Slice], dataset: Dataset) -> Fingerprint | None:
        """What the merge of the slices comes to; None where a slice is beyond reading."""
        if len(slices) == 1 and slices[0].path in self._proven:
            return self._proven[slices[0].path]
        try:
            with ExitStack() as stack:
                paths = [
                    self._fresh.get(item.path)
                    or stack.enter_context(self._zones.processed.as_file(item.path))
                    for item in slices
                ]
                merged = self._folder / "merged.parquet"
                merge_files(paths, merged, dataset)
                return fingerprint(merged, dataset)
        except (NotFound, *_UNREADABLE):
            return None

    def _check_knowledge(self, dataset: Dataset) -> None:
        zones = self._zones
        for _ in range(_LOOKS):
            known = KnowledgeBase(zones.processed).get(dataset.dataset)
            infos = zones.ledger.partitions(dataset.dataset)
            expected = describe(dataset, infos).data_version
            found = known.data_version if known else None
            if not infos or found == expected:
                return
        self._note("knowledge_outdated", dataset.dataset, expected=expected, found=found)


def lost_version(recorded: Recorded, raw: Storage) -> ObjectVersion:
    """The identity of a version whose entry is lost, as far as its slices and the raw zone tell."""
    info = raw.head(recorded.key, recorded.version_id)
    return ObjectVersion(
        bucket=raw.url.rsplit("/", 1)[-1],
        key=recorded.key,
        version_id=recorded.version_id,
        sequencer=recorded.rank.split("|", 1)[0],
        size=info.size if info else 0,
        etag=info.etag if info else "",
        event_time="1970-01-01T00:00:00+00:00",
    )


def _newest(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The newest version of each key that went into the lake, as its entry says."""
    done = [entry for entry in entries if entry.status in DONE and entry.dataset]
    return {entry.version.key: entry for entry in sorted(done, key=lambda e: e.version.rank)}


def _known(zones: Zones, dataset: Dataset) -> set[Partition]:
    return {info.partition for info in zones.ledger.partitions(dataset.dataset)}


def typed(partition: Partition, catalog: Catalog) -> Partition:
    """With the dataset's type, which the path of reference data does not say."""
    kind = catalog[partition.dataset].dataset_type
    return Partition(partition.dataset, kind, partition.year, partition.month)


def _order(partition: Partition) -> tuple[str, str]:
    return (partition.dataset, partition.name)


def _silent(_what: str, _number: int, _of: int) -> None:
    """Nobody watches."""
