"""Every refusal and remark speaks both languages with the same details."""

from __future__ import annotations

from importlib.resources import files
from string import Formatter
from typing import Any

import pytest
import yaml

from ons_platform import errors
from ons_platform.ingest.reasons import Phrase, Place, failure_note, reject, remark, skip_text

TEXTS: dict[str, Any] = yaml.safe_load(
    files("ons_platform.ingest").joinpath("reasons.yaml").read_text(encoding="utf-8")
)


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("section", ["rejections", "remarks"])
def test_both_languages_show_the_same_details(section: str) -> None:
    for code, entry in TEXTS[section].items():
        plain = {name.removesuffix("_en").removesuffix("_pt") for name in fields(entry["en"])}
        other = {name.removesuffix("_en").removesuffix("_pt") for name in fields(entry["pt"])}
        assert plain == other, code


def test_every_rejection_is_a_class_of_the_tree() -> None:
    for entry in TEXTS["rejections"].values():
        assert issubclass(getattr(errors, entry["error"]), errors.RejectedFile)


def test_places_and_phrases_are_translated() -> None:
    place = Place(3, "val_carga", "abc", "number")
    error = reject(
        "unreadable_cells", file="f", count=1, rows=1, column="val_carga", places=(place,)
    )
    assert "row 3, column val_carga: 'abc', expected a number" in error.message
    assert "linha 3, coluna val_carga: 'abc', esperado um número" in error.where["message_pt"]
    assert error.where["places"] == [place.as_dict()]
    refused = reject("unsafe_key", key="..", problem=Phrase("climbs_out"))
    assert "sai da pasta" in refused.where["message_pt"]
    assert refused.where["problem"] == "climbs_out"


def test_remarks_and_notes() -> None:
    assert remark("extra_columns", columns=["a", "b"])["pt"].endswith("ignoradas: a, b.")
    assert skip_text("no_time")["en"]
    note = failure_note("k.csv", {"error": "E", "message": "why"})
    assert note.count("why") == 2
    assert "ons replay k.csv" in note
