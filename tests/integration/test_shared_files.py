"""All real files at hand, beyond the samples, come whole and right into the lake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"
FOLDERS = (
    "balanco-energia-subsistema", "capacidade-geracao", "carga-energia", "cmo-semanal",
    "cmo-semi-horario", "curva-carga", "dados-hidrologicos-res", "geracao-usina-2",
)  # fmt: skip
FILES = [path for folder in FOLDERS for path in sorted((DATA / folder).glob("*.csv"))]

pytestmark = pytest.mark.shared


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_lake_holds_what_the_file_holds(
    path: Path,
    ingest_file: Callable[[Path], Any],
    agrees_with_pandas: Callable[[Path, Any], None],
) -> None:
    found = ingest_file(path)
    assert found.dataset.dataset == path.parent.name
    agrees_with_pandas(path, found)


def test_there_are_files_to_test() -> None:
    assert len(FILES) > 30


def test_known_oddities_are_flagged(ingest_file: Callable[[Path], Any]) -> None:
    load_2014 = ingest_file(DATA / "curva-carga" / "CURVA_CARGA_2014.csv")
    assert load_2014.flags == {"ok": 34936, "missing": 72, "ambiguous_hour": 4}
    assert load_2014.outcome.rows_skipped == 4


def test_an_empty_row_a_second_later_does_not_hide_the_days_value(
    ingest_file: Callable[[Path], Any],
) -> None:
    daily_2013 = ingest_file(DATA / "carga-energia" / "CARGA_ENERGIA_2013.csv")
    assert daily_2013.flags == {"ok": 1456, "missing": 5}
