"""Real files through the ingest room, compared with what pandas alone makes of the raw bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.ingest.outcome import Outcome
from ons_platform.ingest.process import process
from ons_platform.ingest.proof.zones import open_zones
from ons_platform.ingest.route import route
from ons_platform.lake.engine import LakeEngine
from ons_platform.lake.knowledge import KnowledgeBase, refresh
from ons_platform.lake.ledger import ObjectVersion, Status
from ons_platform.lake.zone import brasilia
from ons_platform.questions.answer import Answer
from ons_platform.questions.ask import QuestionRequest, ask
from ons_platform.questions.engines.choice import PlanStore
from room import Room

ZONE = "America/Sao_Paulo"


@dataclass(frozen=True)
class Ingested:
    """One file's outcome, its rows in the lake and the flags among them."""

    dataset: Dataset
    outcome: Outcome
    rows: pd.DataFrame

    @property
    def flags(self) -> dict[str, int]:
        return self.rows["quality_flag"].astype("object").value_counts().to_dict()


@pytest.fixture
def ingest_file(tmp_path: Path) -> Callable[[Path], Ingested]:
    """Send a file through router and processor in a fresh lake."""

    def ingest(path: Path) -> Ingested:
        room = Room(tmp_path)
        outcome = room.ingest(path.name, path.read_bytes())
        return Ingested(catalog()[outcome.dataset], outcome, room.rows(outcome))

    return ingest


@pytest.fixture
def agrees_with_pandas() -> Callable[[Path, Ingested], None]:
    """Every value, instant and null of the lake is the one pandas finds in the raw file."""

    def check(path: Path, found: Ingested) -> None:
        raw = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False, encoding="utf-8").rename(
            columns={"id_subsistena": "id_subsistema"}
        )
        assert found.outcome.rows_read == len(raw)
        if found.dataset.kind == "reference":
            _check_reference(raw, found)
        else:
            _check_series(raw, found)

    return check


def _check_reference(raw: pd.DataFrame, found: Ingested) -> None:
    kept = raw.drop_duplicates(list(found.dataset.key), keep="last")
    assert len(found.rows) == len(kept)
    for column in found.dataset.columns:
        if column.role == "unused" or column.name not in raw:
            continue
        expected = kept[column.name].str.strip().replace("", None)
        if column.type == "number":
            expected = expected.astype("float64")
            assert found.rows[column.name].sum() == pytest.approx(expected.sum(), rel=1e-12)
        assert found.rows[column.name].isna().sum() == expected.isna().sum()
        assert found.rows[column.name].nunique() == expected.nunique()


def _check_series(raw: pd.DataFrame, found: Ingested) -> None:
    expected = _long(raw, found.dataset)
    names = ["region", "entity_id", "measurement_type", "energy_source"]
    key = ["timestamp", *names]
    expected = expected.drop_duplicates(key, keep="last").sort_values(key, ignore_index=True)
    rows = found.rows.astype(dict.fromkeys(names, "object")).sort_values(key, ignore_index=True)
    assert len(rows) == len(expected) == found.outcome.rows_written
    for name in names:
        assert rows[name].where(rows[name].notna(), None).tolist() == expected[name].tolist()
    assert (rows["timestamp"] == expected["timestamp"]).all()
    assert rows["value"].isna().sum() == expected["value"].isna().sum()
    pd.testing.assert_series_equal(
        rows["value"], expected["value"], rtol=1e-15, check_names=False, check_dtype=False
    )


def _long(raw: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """Canonical rows by pandas: one melt, one time-zone conversion."""
    entity = dataset.column("entity_id")
    start = _starts(pd.to_datetime(raw["din_instante"], format="ISO8601"), dataset)
    parts = []
    for measure in dataset.measures:
        if measure.column in raw:
            values = raw[measure.column].str.strip().replace("", None)
            parts.append(
                pd.DataFrame(
                    {
                        "timestamp": start,
                        "region": raw["id_subsistema"].str.strip(),
                        "entity_id": raw[entity.name].str.strip() if entity else None,
                        "measurement_type": measure.measurement_type,
                        "energy_source": measure.energy_source,
                        "value": values.astype("float64"),
                        "stray": raw["din_instante"].str.endswith(":01"),
                    }
                )
            )
    together = pd.concat(parts, ignore_index=True)
    stray = together.pop("stray") & together["value"].isna()
    together["timestamp"] += pd.to_timedelta(stray.astype(int), unit="s")
    together = together[together["timestamp"].notna()]
    names = ["region", "entity_id", "measurement_type", "energy_source"]
    together[names] = together[names].astype("object").where(together[names].notna(), None)
    return together


def _starts(civil: pd.Series, dataset: Dataset) -> pd.Series:
    assert dataset.time is not None
    if dataset.time.kind == "local_date":
        days = civil.dt.normalize()
        if dataset.grain == "P1W":
            days = days - pd.Timedelta(days=6)
        local = days.dt.tz_localize(ZONE, nonexistent="shift_forward")
    else:
        first = pd.Series(True, civil.index).to_numpy()
        local = civil.dt.tz_localize(ZONE, ambiguous=first, nonexistent="NaT")
    return local.dt.tz_convert("UTC")


NOW = datetime(2026, 11, 21, 12, tzinfo=brasilia())


class Lake:
    """A folder into which raw files go through the pipeline, and which answers questions."""

    def __init__(self, folder: Path, files: list[Path]) -> None:
        room = Room(folder)
        self.settings = room.settings
        self.storage = room.storage("processed")
        for path in files:
            outcome = room.ingest(path.name, path.read_bytes())
            refresh(catalog()[outcome.dataset], room.ledger, self.storage)
        self.knowledge = KnowledgeBase(self.storage)
        self.engine = LakeEngine(self.storage, self.knowledge)

    def ask(self, question: str, store: PlanStore | None = None, **options: Any) -> Answer:
        return ask(
            QuestionRequest(question, **options),
            catalog=catalog(),
            knowledge=self.knowledge,
            engine=self.engine,
            now=NOW,
            store=store,
        )


@pytest.fixture(scope="session")
def question_lake(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[list[Path]], Lake]]:
    """Builds a lake of raw files that answers questions as of 2026-11-21."""
    built: list[Lake] = []

    def build(files: list[Path]) -> Lake:
        built.append(Lake(tmp_path_factory.mktemp("questions"), files))
        return built[-1]

    yield build
    for lake in built:
        lake.engine.close()


Hours = Mapping[tuple[int, str], float | None]
"""Hour since 2023-01-31 00:00 in Brasília and subsystem -> MW."""

LOAD_HEADER = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n"
FIRST = datetime(2023, 1, 31)  # noqa: DTZ001 - Brasília civil time, as ONS writes it


def load_file(hours: Hours) -> bytes:
    """A file as ONS serves the hourly load."""
    lines = [
        f"{region};{region};{FIRST + timedelta(hours=hour)};{'' if value is None else value}\n"
        for (hour, region), value in hours.items()
    ]
    return (LOAD_HEADER + "".join(lines)).encode()


def every_hour(hours: Iterable[int], value: float = 30000.0) -> dict[tuple[int, str], float]:
    """A value for both subsystems at each hour, all different."""
    return {
        (hour, region): value + hour + (500 if region == "SE" else 0)
        for hour in hours
        for region in ("NE", "SE")
    }


@dataclass
class Small:
    """A whole small platform without its machinery: raw files in, the lake to be looked at."""

    settings: Settings
    number: int = 0
    versions: list[ObjectVersion] = field(default_factory=list)

    @classmethod
    def at(cls, folder: Path) -> Small:
        return cls(
            Settings(
                storage_url=f"file://{folder}/{{bucket}}", ledger_url=f"sqlite://{folder}/ledger.db"
            )
        )

    def __post_init__(self) -> None:
        self.zones = open_zones(self.settings)

    def received(self, key: str, content: bytes) -> ObjectVersion:
        """Put a version in the raw zone."""
        self.number += 1
        version = ObjectVersion(
            bucket=self.settings.raw_bucket,
            key=key,
            version_id=self.zones.raw.put_version(key, content),
            sequencer=f"{self.number:016X}",
            size=len(content),
            etag="",
            event_time="2026-01-01T00:00:00+00:00",
        )
        self.versions.append(version)
        return version

    def deliver(self, version: ObjectVersion, ledger: Any = None, processed: Any = None) -> Outcome:
        """What the executions of the state machine do: process, refresh, complete."""
        zones = self.zones
        ledger, processed = ledger or zones.ledger, processed or zones.processed
        outcome = process(
            version,
            {"format": route(version, zones.settings, zones.raw).format},
            catalog=zones.catalog,
            ledger=ledger,
            raw=zones.raw,
            processed=processed,
            settings=zones.settings,
        )
        refresh(zones.catalog[outcome.dataset], ledger, processed)
        if outcome.status == Status.PROCESSED:
            ledger.update(version, status=Status.COMPLETED)
        return outcome

    def put(self, key: str, content: bytes) -> ObjectVersion:
        """A file from upload to answerable."""
        version = self.received(key, content)
        self.deliver(version)
        return version

    def close(self) -> None:
        self.zones.ledger.close()


@pytest.fixture(scope="session")
def small_platform() -> type[Small]:
    """Builds platforms in a folder: `small_platform.at(tmp_path)`."""
    return Small


@pytest.fixture(scope="session")
def every_load_hour() -> Callable[..., Hours]:
    """Hours of load, all different."""
    return every_hour


@pytest.fixture(scope="session")
def load_csv() -> Callable[[Hours], bytes]:
    """Hours of load as ONS's file."""
    return load_file
