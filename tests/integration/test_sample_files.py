"""The sample files, as ONS published them, come whole and right into the lake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

SAMPLES = Path(__file__).parents[2] / "samples"
FILES = sorted(SAMPLES.glob("*.csv"))


def test_every_dataset_of_the_samples_is_tested() -> None:
    assert len(FILES) >= 7


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_lake_holds_what_the_file_holds(
    path: Path,
    ingest_file: Callable[[Path], Any],
    agrees_with_pandas: Callable[[Path, Any], None],
) -> None:
    agrees_with_pandas(path, ingest_file(path))


def test_the_doubled_load_of_one_day_is_found_and_nothing_else(
    ingest_file: Callable[[Path], Any],
) -> None:
    """On 2023-09-13 load and exchange are doubled in the four subsystems; generation is right."""
    rows = ingest_file(SAMPLES / "BALANCO_ENERGIA_SUBSISTEMA_2023.csv").rows
    flagged = rows[rows["quality_flag"] == "inconsistent"]
    day = pd.Timestamp("2023-09-13", tz="America/Sao_Paulo")
    assert (flagged["timestamp"].min(), flagged["timestamp"].max()) == (
        day, day + pd.Timedelta(hours=23),
    )  # fmt: skip
    counts = flagged.groupby(["measurement_type", "region"], observed=True).size().to_dict()
    assert counts == {
        (kind, region): 24 for kind in ("load", "exchange") for region in ("N", "NE", "S", "SE")
    }
    suspect = rows[rows["quality_flag"] == "suspect"]
    assert set(suspect["energy_source"]) == {"solar"}
    hours = suspect["timestamp"].dt.tz_convert("America/Sao_Paulo").dt.hour
    assert set(hours) == {21, 22, 23, 0, 1, 2, 3}
    assert set(rows["quality_flag"]) == {"ok", "inconsistent", "suspect"}
