from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from ons_platform.catalog.model import Grain
from ons_platform.catalog.registry import catalog
from ons_platform.lake.knowledge import Knowledge, describe, interval_end, stretches
from ons_platform.lake.layout import Partition, knowledge_path

Row = Callable[..., dict[str, Any]]


def test_nothing_loaded_is_nothing_known(lake: Any) -> None:
    assert lake.knowledge_base.get("curva-carga") is None
    assert lake.knowledge_base.all() == []


def test_the_coverage_of_a_dataset(lake: Any, at: Row, object_version: Any) -> None:
    rows = [at(0, "N"), at(743, "SE", quality_flag="out_of_range"), at(744, "S")]
    lake.put(object_version("A", 1), rows)
    known = lake.refresh()
    assert lake.knowledge_base.get("curva-carga") == known
    assert lake.knowledge_base.all() == [known]
    assert lake.knowledge_base.snapshot() == {"curva-carga": known}
    assert Knowledge.from_dict(known.as_dict()) == known
    assert (known.rows, known.regions) == (3, ("N", "S", "SE"))
    assert known.first == "2023-01-01T03:00:00+00:00"
    assert known.last == "2023-02-01T04:00:00+00:00"
    assert known.flagged == {"out_of_range": 1}
    january, february = known.partitions
    assert january["path"] == "dataset=consumption/year=2023/month=01/curva-carga.parquet"
    assert (january["year"], january["month"], january["rows"]) == (2023, 1, 2)
    assert january["last"] == february["first"]
    assert january["sources"] == ["A"]
    assert known.title["pt"] == "Curva de carga horária"
    assert known.description["pt"].endswith("3 linhas carregadas, de 01/01/2023 a 01/02/2023.")
    assert known.description["en"].endswith("3 rows loaded, from 2023-01-01 to 2023-02-01.")


def test_what_is_missing_in_between_is_told(lake: Any, at: Row, object_version: Any) -> None:
    hours = [0, 1, 744, 24 * 59, 24 * 400]
    lake.put(object_version("A", 1), [at(hour, "S") for hour in hours])
    known = lake.refresh()
    found = stretches(known, "PT1H")
    assert [first.isoformat()[:10] for first, _ in found] == [
        "2023-01-01", "2023-02-01", "2023-03-01", "2024-02-05",
    ]  # fmt: skip
    assert "de 05/02/2024 a 05/02/2024" in known.description["pt"]
    assert "from 2024-02-05 to 2024-02-05" in known.description["en"]
    assert len(stretches(known, "event")) == 1


def test_the_data_version_changes_with_the_data(lake: Any, at: Row, object_version: Any) -> None:
    base = lake.knowledge_base
    versions = []
    for number, value in ((1, 1.0), (2, 2.0), (2, 2.0)):
        lake.put(object_version("A", number), [at(0, value=value)])
        lake.refresh()
        versions.append(base.get("curva-carga").data_version)
    assert versions[0] != versions[1]
    lake.put(object_version("A", 3), [at(800)])
    known = lake.refresh()
    assert known.data_version not in versions
    assert [part["month"] for part in known.partitions] == [2]


def test_knowledge_is_read_once_per_change(
    lake: Any, at: Row, object_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put(object_version("A", 1), [at(0)])
    lake.refresh()
    base = lake.knowledge_base
    first = base.get("curva-carga")
    monkeypatch.setattr(lake.storage, "get_bytes", None)
    assert base.get("curva-carga") is first


def test_knowledge_that_vanishes_while_it_is_read(
    lake: Any, at: Row, object_version: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.put(object_version("A", 1), [at(0)])
    lake.refresh()
    head = lake.storage.head(knowledge_path("curva-carga"))
    lake.storage.delete(knowledge_path("curva-carga"))
    monkeypatch.setattr(lake.storage, "head", lambda _: head)
    assert lake.knowledge_base.get("curva-carga") is None


def test_refreshing_at_once_ends_with_all(lake: Any, at: Row, object_version: Any) -> None:
    def work(number: int) -> None:
        lake.put(object_version(f"K{number}", number), [at(number * 750)])
        lake.refresh()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lake.knowledge_base.get("curva-carga").rows == 5


def test_reference_data_have_no_period(lake: Any) -> None:
    dataset = catalog()["capacidade-geracao"]
    known = describe(dataset, [])
    assert (known.first, known.last, known.rows, known.partitions) == (None, None, 0, ())
    assert known.description["pt"].endswith("0 linhas carregadas.")


@pytest.mark.parametrize(
    ("start", "grain", "end"),
    [
        ("2023-01-01T03:00:00+00:00", "PT30M", "2023-01-01T03:30:00+00:00"),
        ("2023-01-01T03:00:00+00:00", "PT1H", "2023-01-01T04:00:00+00:00"),
        ("2023-01-01T03:00:00+00:00", "P1D", "2023-01-02T03:00:00+00:00"),
        ("2018-11-03T03:00:00+00:00", "P1D", "2018-11-04T03:00:00+00:00"),
        ("2018-11-04T03:00:00+00:00", "P1D", "2018-11-05T02:00:00+00:00"),
        ("2018-11-03T03:00:00+00:00", "P1W", "2018-11-10T02:00:00+00:00"),
    ],
)
def test_an_interval_ends_by_the_civil_clock(start: str, grain: Grain, end: str) -> None:
    assert interval_end(start, grain) == end


def test_names_of_partitions() -> None:
    month = Partition("curva-carga", "consumption", 2023, 1)
    assert month.name == "dataset=consumption/year=2023/month=01"
    assert month.slice_path("x") == f"_slices/curva-carga/{month.name}/x.parquet"
    whole = Partition("usinas", "generation")
    assert whole.path == "reference/usinas.parquet"
