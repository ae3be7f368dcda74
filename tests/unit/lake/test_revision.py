"""What differs between two states of the same rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.catalog.registry import catalog
from ons_platform.lake import windows
from ons_platform.lake.revision import Revision, Side, compare

LOAD = catalog()["curva-carga"]
PLANTS = catalog()["capacidade-geracao"]


@pytest.fixture
def revised(lake_rows: Any) -> Callable[..., Revision]:
    def build(old: list[dict[str, Any]], new: list[dict[str, Any]], **options: Any) -> Revision:
        found = Revision(LOAD, **options)
        found.add(lake_rows(LOAD, old)[0], lake_rows(LOAD, new)[0])
        return found

    return build


def test_rows_are_told_apart_by_what_became_of_them(revised: Any, at: Any) -> None:
    old = [at(0), at(1), at(2), at(3, value=None), at(4), at(5, value=36047.09)]
    new = [at(0), at(2, value=3.0), at(3), at(4, value=None), at(5, value=36047.08999999), at(6)]
    found = revised(old, new)
    assert found.rows == {
        "old": 6, "new": 6, "added": 1, "vanished": 1, "changed": 3, "rounded": 1, "other": 0,
    }  # fmt: skip
    (tally,) = found.measures.values()
    assert (tally.filled, tally.emptied, tally.rounded) == (1, 1, 1)
    assert found.summary()["period"] == {
        "first": "2023-01-01T04:00:00+00:00", "last": "2023-01-01T09:00:00+00:00",
    }  # fmt: skip


def test_the_largest_changes_come_with_their_place(revised: Any, at: Any) -> None:
    old = [at(0, value=1000.0), at(1, value=2.0, region="N"), at(2, value=0.0)]
    new = [at(0, value=900.0), at(1, value=6.0, region="N"), at(2, value=5.0)]
    told = revised(old, new).as_dict()
    assert told["largest"] == {
        "kind": "changed", "measure": "load", "timestamp": "2023-01-01T03:00:00+00:00",
        "region": "SE", "old": 1000.0, "new": 900.0, "difference": -100.0, "relative": 0.1,
    }  # fmt: skip
    assert (told["largest_relative"]["region"], told["largest_relative"]["relative"]) == ("N", 2.0)
    assert [change["difference"] for change in told["changes"]] == [-100.0, 5.0, 4.0]


def test_a_change_from_nothing_is_related_to_nothing(revised: Any, at: Any) -> None:
    told = revised([at(0), at(1, value=0.0)], [at(0), at(1, value=5.0)]).as_dict()
    assert told["largest"]["new"] == 5.0
    assert told["largest_relative"] is None


def test_a_flag_that_changed_is_no_changed_value(revised: Any, at: Any) -> None:
    found = revised([at(0), at(1)], [at(0), at(1, quality_flag="suspect", source_file="new.csv")])
    assert found.rows["changed"] == 0
    assert (found.rows["other"], found.columns) == (1, {"quality_flag": 1})
    assert not found.is_empty


def test_of_many_changes_the_largest_are_kept_and_all_counted(revised: Any, at: Any) -> None:
    old = [at(hour, value=0.0) for hour in range(20)]
    new = [at(hour, value=float(hour)) for hour in range(20)] + [at(30)]
    found = revised(old, new, kept=3)
    assert found.rows["changed"] == 19
    assert [change["new"] for change in found.as_dict()["changes"]] == [19.0, 18.0, 17.0]


def test_rows_that_came_and_went_are_shown_with_their_values(revised: Any, at: Any) -> None:
    changes = revised([at(0, value=7.0)], [at(1, value=8.0)]).as_dict()["changes"]
    assert [(c["kind"], c["old"], c["new"]) for c in changes] == [
        ("vanished", 7.0, None), ("added", None, 8.0),
    ]  # fmt: skip


def test_the_same_rows_differ_in_nothing(revised: Any, at: Any) -> None:
    assert revised([at(0), at(1, value=None)], [at(1, value=None), at(0)]).is_empty


def test_reference_data_are_compared_by_measure_and_by_column() -> None:
    def table(power: float | None, owner: str) -> pa.Table:
        row = dict.fromkeys(PLANTS.key, "x")
        return pa.Table.from_pylist(
            [{**row, "val_potenciaefetiva": power, "nom_agenteproprietario": owner}],
            pa.schema(
                [
                    *(pa.field(name, pa.string()) for name in PLANTS.key),
                    pa.field("val_potenciaefetiva", pa.float64()),
                    pa.field("nom_agenteproprietario", pa.string()),
                ]
            ),
        )

    found = Revision(PLANTS)
    found.add(table(100.0, "A"), table(120.0, "B"))
    assert found.rows["changed"] == 1
    assert found.columns == {"nom_agenteproprietario": 1}
    assert found.measures["val_potenciaefetiva"].largest["difference"] == 20.0  # type: ignore[index]
    assert found.summary()["period"] is None


@given(data=st.data())
def test_counts_are_those_of_a_dictionary(lake_rows: Any, at: Any, data: st.DataObject) -> None:
    cells = st.dictionaries(
        st.tuples(st.integers(0, 6), st.sampled_from(["N", "SE"])),
        st.sampled_from([None, 0.0, 1.0, 2.5]),
        max_size=10,
    )
    old, new = data.draw(cells), data.draw(cells)
    found = Revision(LOAD)
    tables = (
        lake_rows(LOAD, [at(hour, region, value) for (hour, region), value in cells.items()])[0]
        for cells in (old, new)
    )
    found.add(*tables)
    both = old.keys() & new.keys()
    assert found.rows["added"] == len(new.keys() - old.keys())
    assert found.rows["vanished"] == len(old.keys() - new.keys())
    assert found.rows["changed"] == sum(old[key] != new[key] for key in both)
    told = found.summary()
    assert told["filled"] == sum(old[key] is None and new[key] is not None for key in both)
    assert told["emptied"] == sum(old[key] is not None and new[key] is None for key in both)


def test_large_partitions_are_compared_window_by_window(
    lake: Any, object_version: Any, at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "ROWS_AT_ONCE", 25)
    sizes: list[int] = []
    whole = Revision.add

    def add(self: Revision, old: pa.Table, new: pa.Table) -> None:
        sizes.append(old.num_rows + new.num_rows)
        whole(self, old, new)

    monkeypatch.setattr(Revision, "add", add)
    lake.put(object_version(number=1), [at(hour) for hour in range(60)])
    lake.put(object_version(number=2), [at(hour, value=hour / 10) for hour in range(10, 80)])
    new, old = lake.ledger.recorded("year=2023/FILE.csv")
    sides = [Side(lake.storage, {s.partition: s.path for s in v.slices}) for v in (old, new)]
    found = compare(*sides, LOAD)
    assert len(sizes) > 3
    assert max(sizes) < 60
    assert (found.rows["vanished"], found.rows["added"], found.rows["changed"]) == (10, 20, 49)


def test_a_month_only_one_side_has_came_or_went_whole(
    lake: Any, object_version: Any, at: Any
) -> None:
    lake.put(object_version(number=1), [at(0), at(800)])
    lake.put(object_version(number=2), [at(0), at(1600)])
    new, old = lake.ledger.recorded("year=2023/FILE.csv")
    sides = [Side(lake.storage, {s.partition: s.path for s in v.slices}) for v in (old, new)]
    found = compare(*sides, LOAD)
    assert (found.rows["vanished"], found.rows["added"], found.rows["changed"]) == (1, 1, 0)
