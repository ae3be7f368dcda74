"""All real files at hand, beyond the samples, come whole and right into the lake."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
TABLES = (".csv", ".xlsx", ".json")
FILES = sorted(path for path in DATA.rglob("*") if path.suffix in TABLES and path.is_file())
SNAPSHOTS = ("2010", "2023")
VALUE = "val_cargaenergiahomwmed"

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def real_files() -> ModuleType:
    """The independent reading, as `scripts/real_files.py` has it."""
    spec = importlib.util.spec_from_file_location("real_files", ROOT / "scripts/real_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["real_files"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_lake_holds_what_the_file_holds(path: Path, tmp_path: Path, real_files: Any) -> None:
    found = real_files.ingested(path, tmp_path)
    if not path.parent.name.startswith("_"):
        assert found.dataset.dataset.startswith(path.parent.name)
    expected = real_files.reading(path, found.dataset)
    assert real_files.differences(expected, found) == []
    document = (ROOT / "docs/en/real-files.md").read_text("utf-8")
    assert real_files.table_line(path, found) in document


def test_every_table_at_hand_is_tested(real_files: Any) -> None:
    assert real_files.data_files(DATA) == FILES
    assert len(FILES) > 55


def test_the_comparison_sees_a_wrong_number(tmp_path: Path, real_files: Any) -> None:
    """A reading that is off by one value, one row or one instant is told."""
    path = DATA / "curva-carga" / "CURVA_CARGA_2010.csv"
    found = real_files.ingested(path, tmp_path)
    for column, change in (
        ("value", lambda frame: frame["value"].where(frame.index != 7, 1.0)),
        ("value", lambda frame: frame["value"].where(frame.index != 7)),
        ("start", lambda frame: frame["start"] + pd.Timedelta("1h")),
    ):
        expected = real_files.reading(path, found.dataset)
        expected.values[column] = change(expected.values)
        assert real_files.differences(expected, found)
    whole = real_files.reading(path, found.dataset)
    assert real_files.differences(replace(whole, values=whole.values.drop(index=[7])), found)


@pytest.mark.parametrize("year", SNAPSHOTS)
def test_a_revision_is_what_pandas_says_of_the_two_snapshots(
    year: str, tmp_path: Path, small_platform: Any
) -> None:
    """Values count as changed where they differ by more than a billionth of themselves."""
    files = [
        DATA / "curva-carga" / name
        for name in (f"SNAP2023-10__CURVA_CARGA_{year}.csv", f"CURVA_CARGA_{year}.csv")
    ]
    here = small_platform.at(tmp_path)
    key = f"year={year}/CURVA_CARGA_{year}.csv"
    first, second = (here.put(key, file.read_bytes()) for file in files)
    told = here.zones.ledger.get(key, second.version_id).revision
    old, new = (pd.read_csv(file, sep=";") for file in files)
    both = old.merge(new, on=["id_subsistema", "din_instante"], how="outer", indicator=True)
    a, b = both[f"{VALUE}_x"], both[f"{VALUE}_y"]
    apart = (a - b).abs()
    changed = (both["_merge"] == "both") & (apart > 1e-9 * a.abs())
    assert told["previous"] == first.version_id
    assert told["rows"] == {
        "old": len(old), "new": len(new), "changed": int(changed.sum()),
        "rounded": int((~changed & (apart > 0)).sum()), "other": 0,
        "added": int((both["_merge"] == "right_only").sum()),
        "vanished": int((both["_merge"] == "left_only").sum()),
    }  # fmt: skip
    assert abs(told["largest"]["difference"]) == apart[changed].max()
    assert told["largest_relative"]["relative"] == (apart / a)[changed].max()
    assert year != "2010" or told["rows"]["changed"] == 1488
    here.close()


def test_the_newest_of_two_keys_over_the_same_rows_counts(
    tmp_path: Path, small_platform: Any
) -> None:
    here = small_platform.at(tmp_path)
    names = ("CURVA_CARGA_2010.csv", "SNAP2023-10__CURVA_CARGA_2010.csv")
    for name in names:
        here.put(f"year=2010/{name}", (DATA / "curva-carga" / name).read_bytes())
    frames = []
    for info in here.zones.processed.list("dataset=consumption/year=2010"):
        with here.zones.processed.as_file(info.path) as file:
            frames.append(pd.read_parquet(file))
    newest = pd.read_csv(DATA / "curva-carga" / names[1], sep=";")
    assert pd.concat(frames)["value"].sum() == pytest.approx(newest[VALUE].sum(), rel=1e-14)
    here.close()


def test_known_oddities_are_flagged(ingest_file: Callable[[Path], Any]) -> None:
    load_2014 = ingest_file(DATA / "curva-carga" / "CURVA_CARGA_2014.csv")
    assert load_2014.flags == {"ok": 34936, "missing": 72, "ambiguous_hour": 4}
    assert load_2014.outcome.rows_skipped == 4


def test_an_empty_row_a_second_later_does_not_hide_the_days_value(
    ingest_file: Callable[[Path], Any],
) -> None:
    daily_2013 = ingest_file(DATA / "carga-energia" / "CARGA_ENERGIA_2013.csv")
    assert daily_2013.flags == {"ok": 1456, "missing": 5}
