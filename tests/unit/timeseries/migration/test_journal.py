from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ons_platform.storage import Storage
from ons_platform.timeseries.migration.chunks import Chunk
from ons_platform.timeseries.migration.journal import Entry, Journal, State
from ons_platform.timeseries.migration.oldstore import OldRow
from ons_platform.timeseries.migration.transform import LeftOut

CHUNK = Chunk("generation_data", datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
LATER = Chunk("generation_data", CHUNK.end, datetime(2024, 3, 1, tzinfo=UTC))
ROW = OldRow(1_704_067_200_000_000_001, "geração", None, None, None, "ok", float("inf"))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Storage(f"{tmp_path.as_uri()}/processed"), "ons_energy_data")


def test_what_was_never_begun_is_planned(journal: Journal) -> None:
    assert journal.get(CHUNK) == Entry(CHUNK)
    assert journal.all() == []


def test_an_entry_is_read_back_as_it_was(journal: Journal) -> None:
    entry = Entry(
        CHUNK,
        State.WRITTEN,
        rows=3,
        refused={"conflict": 1},
        left_out={"x": {"rows": 1, "total": 2.5}},
        samples=(1, 2),
        cost={"pages": 4},
    )
    journal.put(entry)
    assert journal.get(CHUNK) == entry
    assert (entry.quarantined, entry.written) == (1, True)


def test_all_are_in_order_and_of_one_database(journal: Journal, tmp_path: Path) -> None:
    for chunk in (LATER, CHUNK):
        journal.put(Entry(chunk))
    other = Journal(Storage(f"{tmp_path.as_uri()}/processed"), "other")
    other.put(Entry(CHUNK))
    with journal.quarantine(CHUNK) as kept:
        kept.add(LeftOut(ROW, "not_finite", "inf"))
    assert [entry.chunk for entry in journal.all()] == [CHUNK, LATER]


def test_a_quarantined_row_is_whole(journal: Journal) -> None:
    with journal.quarantine(CHUNK) as kept:
        kept.add(LeftOut(ROW, "not_finite", "inf is no measurement"))
    [found] = journal.quarantined(CHUNK)
    assert (found["reason"], found["detail"]) == ("not_finite", "inf is no measurement")
    assert found["row"] == {
        "at": "2024-01-01 00:00:00.000000001",
        "measurement_type": "geração",
        "region": None,
        "energy_source": None,
        "unit": None,
        "quality_flag": "ok",
        "value": "inf",
    }
    assert journal.quarantine_uri(CHUNK).endswith("20240201T000000Z.quarantine.jsonl")


def test_a_quarantine_is_replaced_when_its_writer_ends_well(journal: Journal) -> None:
    with journal.quarantine(CHUNK) as kept:
        kept.add(LeftOut(ROW, "first", ""))
    with pytest.raises(AttributeError), journal.quarantine(CHUNK) as kept:
        kept.add(None)  # type: ignore[arg-type]
    assert [line["reason"] for line in journal.quarantined(CHUNK)] == ["first"]
    with journal.quarantine(CHUNK):
        pass
    assert journal.quarantined(CHUNK) == []
