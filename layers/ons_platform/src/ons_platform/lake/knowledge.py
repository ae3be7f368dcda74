"""What is known of a dataset's coverage, for the question side (RAG-7)."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from ons_platform.catalog.model import Dataset, Grain
from ons_platform.errors import NotFound, StorageUnavailable
from ons_platform.lake.layout import knowledge_path
from ons_platform.lake.leases import hold
from ons_platform.lake.ledger import Ledger, PartitionInfo
from ons_platform.lake.zone import brasilia
from ons_platform.storage import Storage

_PREFIX = knowledge_path("").removesuffix(".json")
_ATTEMPTS = 20


@dataclass(frozen=True)
class Knowledge:
    """The coverage of one dataset in the lake.

    `first` and `last` are UTC ISO instants: where the data start and where their last interval
    ends (exclusive); None for reference data. `data_version` changes whenever any row may have.
    `partitions` has for each file with rows its name, path, year, month, rows, first, last,
    sources (raw keys), `columns` (a fingerprint) and etag. `entities` has id, name, region, state
    and source of each thing. `flagged` counts the rows per flag other than `ok`.
    """

    dataset: str
    title: dict[str, str]
    description: dict[str, str]
    data_version: str
    rows: int
    first: str | None
    last: str | None
    partitions: tuple[dict[str, Any], ...]
    measurement_types: tuple[str, ...]
    regions: tuple[str, ...]
    energy_sources: tuple[str, ...]
    states: tuple[str, ...]
    entities: tuple[dict[str, str | None], ...]
    flagged: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """JSON form."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Knowledge:
        """From `as_dict`, also after a passage through JSON."""
        lists = {name: tuple(item) for name, item in value.items() if isinstance(item, list)}
        return cls(**{**value, **lists})


class KnowledgeBase:
    """Reads what `refresh` wrote; cached by etag, so an answer never uses outdated coverage."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = Lock()
        self._cache: dict[str, tuple[str, Knowledge]] = {}

    def get(self, dataset: str) -> Knowledge | None:
        """The coverage of a dataset; None when nothing of it was ever loaded."""
        info = self._storage.head(knowledge_path(dataset))
        return self._read(dataset, info.etag) if info else None

    def all(self) -> list[Knowledge]:
        """The coverage of every dataset with any, by slug."""
        found = [
            self._read(info.path.removeprefix(_PREFIX).removesuffix(".json"), info.etag)
            for info in self._storage.list(_PREFIX)
        ]
        return sorted((item for item in found if item), key=lambda item: item.dataset)

    def snapshot(self) -> dict[str, Knowledge]:
        """The coverage of every dataset with any, by slug, as of now: one look at the store.

        A question looks at many datasets; of the whole catalogue that would be as many requests.
        """
        return {item.dataset: item for item in self.all()}

    def _read(self, dataset: str, etag: str) -> Knowledge | None:
        with self._lock:
            cached = self._cache.get(dataset)
        if cached and cached[0] == etag:
            return cached[1]
        try:
            text = self._storage.get_bytes(knowledge_path(dataset))
        except NotFound:
            return None
        knowledge = Knowledge.from_dict(json.loads(text))
        with self._lock:
            self._cache[dataset] = (etag, knowledge)
        return knowledge


def refresh(dataset: Dataset, ledger: Ledger, storage: Storage) -> Knowledge:
    """Describe the dataset's partitions anew and swap the description in.

    Every writer refreshes after its partitions are recorded, and a swap succeeds only over the
    state read before the partitions were listed: the last one standing describes them all.
    """
    path = knowledge_path(dataset.dataset)
    with hold(ledger, f"knowledge/{dataset.dataset}"):
        for _ in range(_ATTEMPTS):
            before = storage.head(path)
            knowledge = describe(dataset, ledger.partitions(dataset.dataset))
            with tempfile.TemporaryDirectory(prefix="ons-") as folder:
                file = Path(folder, "knowledge.json")
                file.write_text(json.dumps(knowledge.as_dict(), ensure_ascii=False), "utf-8")
                if storage.swap(path, file, before.etag if before else None):
                    return knowledge
    raise StorageUnavailable(f"the knowledge of {dataset.dataset} changes all the time")


def describe(dataset: Dataset, infos: Sequence[PartitionInfo]) -> Knowledge:
    """The knowledge that follows from the partitions; those without rows are left out."""
    infos = [info for info in infos if info.rows]
    parts = tuple(_partition(info, dataset.grain) for info in infos)
    firsts = [part["first"] for part in parts if part["first"]]
    lasts = [part["last"] for part in parts if part["last"]]
    rows = sum(info.rows for info in infos)
    first, last = min(firsts, default=None), max(lasts, default=None)
    return Knowledge(
        dataset=dataset.dataset,
        title=dataset.title.model_dump(),
        description=_description(dataset, rows, _joined(parts, dataset.grain)),
        data_version=_version(infos),
        rows=rows,
        first=first,
        last=last,
        partitions=parts,
        measurement_types=_union(info.summary.measurement_types for info in infos),
        regions=_union(info.summary.regions for info in infos),
        energy_sources=_union(info.summary.energy_sources for info in infos),
        states=_union(info.summary.states for info in infos),
        entities=_entities(infos),
        flagged=_flagged(infos),
    )


_LENGTHS = {
    "PT30M": timedelta(minutes=30),
    "PT1H": timedelta(hours=1),
    "event": timedelta(seconds=1),
}


def interval_end(start: str, grain: Grain) -> str:
    """Where the interval that starts at this UTC instant ends; days and longer are Brasília's.

    An event counts as one second.
    """
    instant = datetime.fromisoformat(start)
    if grain in _LENGTHS:
        return (instant + _LENGTHS[grain]).isoformat()
    day = instant.astimezone(brasilia()).date()
    if grain == "P1M":
        day = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    elif grain == "P1Y":
        day = date(day.year + 1, 1, 1)
    else:
        day += timedelta(days=7 if grain == "P1W" else 1)
    midnight = datetime(day.year, day.month, day.day, tzinfo=brasilia())
    return midnight.astimezone(UTC).isoformat()


_SLACK = timedelta(days=2)


def stretches(knowledge: Knowledge, grain: Grain | None) -> tuple[tuple[datetime, datetime], ...]:
    """Where there are data, from … until (exclusive), UTC: files with nothing between them are one.

    A hole of up to two days is none. Events come when they come: theirs is one stretch.
    """
    return _joined(knowledge.partitions, grain)


def _joined(
    partitions: Sequence[Mapping[str, Any]], grain: Grain | None
) -> tuple[tuple[datetime, datetime], ...]:
    ends = [
        (datetime.fromisoformat(part["first"]), datetime.fromisoformat(part["last"]))
        for part in partitions
        if part["first"] and part["last"]
    ]
    found: list[tuple[datetime, datetime]] = []
    for first, last in sorted(ends):
        if found and (grain == "event" or first <= found[-1][1] + _SLACK):
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return tuple(found)


def _partition(info: PartitionInfo, grain: Grain | None) -> dict[str, Any]:
    last = info.summary.last
    return {
        "name": info.partition.name,
        "path": info.partition.path,
        "year": info.partition.year,
        "month": info.partition.month,
        "rows": info.rows,
        "first": info.summary.first,
        "last": interval_end(last, grain) if last and grain else None,
        "sources": list(info.sources),
        "columns": info.summary.columns,
        "etag": info.etag,
    }


def _version(infos: Sequence[PartitionInfo]) -> str:
    text = "\n".join(f"{info.partition.name} {info.etag}" for info in infos)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _union(sets: Any) -> tuple[str, ...]:
    return tuple(sorted({item for values in sets for item in values}))


def _entities(infos: Sequence[PartitionInfo]) -> tuple[dict[str, str | None], ...]:
    found = {entity for info in infos for entity in info.summary.entities}
    texts = (asdict(entity) for entity in found)
    return tuple(sorted(texts, key=lambda item: tuple(text or "" for text in item.values())))


def _flagged(infos: Sequence[PartitionInfo]) -> dict[str, int]:
    total: dict[str, int] = {}
    for info in infos:
        for flag, count in info.summary.flagged.items():
            total[flag] = total.get(flag, 0) + count
    return dict(sorted(total.items()))


_TOLD = 4
"""How many stretches a description names, the last ones."""


def _description(
    dataset: Dataset, rows: int, held: Sequence[tuple[datetime, datetime]]
) -> dict[str, str]:
    """The catalogue's description and a sentence on what of it is loaded."""
    count = f"{rows:,}"
    loaded = {"pt": f"{count.replace(',', '.')} linhas carregadas.", "en": f"{count} rows loaded."}
    if held:
        days = [
            (first.astimezone(brasilia()), last.astimezone(brasilia()) - timedelta(seconds=1))
            for first, last in held[-_TOLD:]
        ]
        more = ", …" if len(held) > _TOLD else ""
        pt = "; ".join(f"de {first:%d/%m/%Y} a {last:%d/%m/%Y}" for first, last in days)
        en = "; ".join(f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}" for first, last in days)
        said = {"pt": pt, "en": en}
        loaded = {lang: f"{text[:-1]}{more}, {said[lang]}." for lang, text in loaded.items()}
    texts = dataset.description.model_dump()
    return {language: f"{texts[language].strip()} {loaded[language]}" for language in texts}
