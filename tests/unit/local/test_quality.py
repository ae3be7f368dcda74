"""`ons quality`: which file is meant, and what is printed."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from ons_local.quality import find_key, report_of_one, table_of_all
from ons_platform.errors import InvalidRequest, NotFound

KEYS = (
    "year=2023/CURVA_CARGA_2023.csv",
    "year=2022/CURVA_CARGA_2022.csv",
    "x/CURVA_CARGA_2023.csv.gz",
)
ITEM: dict[str, Any] = {
    "key": KEYS[0],
    "status": "completed",
    "dataset": "curva-carga",
    "rows_written": 35040,
    "score": 0.99996,
    "flags": {"ok": 35016, "suspect": 24},
    "reason": None,
    "report": {
        "period": ["2023-01-01T00:00:00-03:00", "2023-12-31T23:00:00-03:00"],
        "completeness": {"expected": 35064, "present": 35040, "absent": 24, "share": 0.999316},
        "rules": [{"rule": "constant", "applied": False}, {"rule": "range", "applied": True}],
        "findings": [
            {
                "column": "val_carga",
                "kind": "doubled",
                "count": 24,
                "pt": "24 valores em dobro.",
                "en": "24 doubled values.",
                "places": [],
                "stretches": [
                    {
                        "entity": "SE",
                        "first": "2023-09-13T00:00:00-03:00",
                        "last": "2023-09-13T23:00:00-03:00",
                        "count": 24,
                    }
                ],
                "stretches_total": 3,
            },
            {
                "column": "*",
                "kind": "row",
                "count": 5,
                "pt": "5 linhas ruins.",
                "en": "5 bad rows.",
                "places": [{"row": 7, "column": "*", "value": "a;b"}],
                "stretches": [],
                "stretches_total": 0,
            },
        ],
        "warnings": [{"pt": "Um aviso.", "en": "A remark."}],
    },
}  # fmt: skip


class Listing:
    """A client that knows three objects."""

    def get(self, path: str, **_: Any) -> Any:
        assert path == "/objects"
        return {"objects": [{"version": {"key": key}} for key in (*KEYS, KEYS[0])]}


def shown(renderable: Any) -> str:
    console = Console(width=120, no_color=True)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


@pytest.mark.parametrize("text", [KEYS[0], "curva_carga_2023.csv", "CURVA_CARGA_2023.csv"])
def test_a_key_or_its_end_is_enough(text: str) -> None:
    assert find_key(Listing(), text) == KEYS[0]  # type: ignore[arg-type]


def test_a_unique_part_is_enough_and_others_are_told_apart() -> None:
    assert find_key(Listing(), "carga_2022") == KEYS[1]  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match=r"fits 3 files.*CURVA_CARGA_2022"):
        find_key(Listing(), "CURVA_CARGA")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        find_key(Listing(), "balanco")  # type: ignore[arg-type]


def test_figures_findings_and_remarks_of_a_file() -> None:
    text = shown(report_of_one(ITEM, "en"))
    for part in (
        KEYS[0], "99.99 %", "suspect 24", "24 of 35,064 steps", "24 doubled values.", "constant",
        "SE: 2023-09-13 00:00 – 2023-09-13 23:00 (24)", "and 2 more", "* 7: a;b", "A remark.",
    ):  # fmt: skip
        assert part in text
    text = shown(report_of_one(ITEM, "pt"))
    for part in ("24 de 35,064 passos", "24 valores em dobro.", "e mais 2", "Um aviso."):
        assert part in text


def test_a_file_without_findings_and_a_refused_one() -> None:
    clean = {**ITEM, "report": {**ITEM["report"], "findings": []}}
    assert "Nothing was found." in shown(report_of_one(clean, "en"))
    reason = {"message": "It is [empty].", "message_pt": "Está vazio."}
    refused = {**ITEM, "status": "failed", "score": None, "flags": {}, "reason": reason}
    text = shown(report_of_one({**refused, "report": None}, "en"))
    assert "It is [empty]." in text
    assert "%" not in text
    assert "Está vazio." in shown(table_of_all([refused, ITEM], "pt"))


def test_all_files_in_a_table() -> None:
    text = shown(table_of_all([ITEM, {**ITEM, "score": 0.5}, {**ITEM, "score": 0.97}], "en"))
    for part in ("99.99 %", "50.00 %", "97.00 %", "35,040", "curva-carga", "suspect 24"):
        assert part in text
