"""What is said of a dataset: every rule is a sentence, in both languages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ons_platform.catalog import wording
from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog

every = pytest.mark.parametrize("dataset", list(catalog()), ids=lambda item: item.dataset)
LOAD = catalog()["curva-carga"]


def with_rules(**rules: Any) -> Dataset:
    return LOAD.model_validate(
        LOAD.model_dump() | {"rules": rules, "derived": []}, context="trusted"
    )


@every
def test_both_languages_say_as_much(dataset: Dataset) -> None:
    said = {language: list(wording.rules(dataset, language)) for language in ("pt", "en")}
    assert len(said["pt"]) == len(said["en"])
    for text in (*said["pt"], *said["en"], wording.attribution(dataset, "pt")):
        assert text
        assert "{" not in text
    assert (wording.time_rule(dataset, "pt") is None) == (dataset.kind == "reference")
    assert wording.grain(dataset, "en")
    assert wording.kind(dataset, "pt")
    assert wording.subject(dataset.dataset_type, "pt")


@pytest.mark.parametrize(
    ("rules", "pt", "en"),
    [
        (
            {"identity": {"plus": ["a", "b"], "minus": ["c"], "total": "d", "tolerance": 0.5}},
            "a + b − c = d ± 0.5; o que não fecha",
            "a + b − c = d ± 0.5; what does not add up",
        ),
        ({"complete": True}, "uma linha por hora", "a row for each hour"),
        ({"doubled": [{"measurement_type": "load"}]}, "de 1.7 a 2.3 vezes", "1.7 to 2.3 times"),
        (
            {"jumps": [{"measurement_type": "load", "factor": 20, "at_least": 500}]},
            "mais de 20 vezes",
            "over 20 times",
        ),
        (
            {"quiet": [{"measurement_type": "load", "energy_source": "solar", "hours": [20, 5]}]},
            "Entre 20 h e 5 h",
            "(source solar)",
        ),
        ({"forecast": {"column": "c", "values": ["x", "y"]}}, "igual a x, y", "is x, y"),
        (
            {"breaks": [{"starts": date(2021, 3, 1), "text": {"pt": "muda", "en": "changes"}}]},
            "A partir de 2021-03-01: muda",
            "From 2021-03-01 on: changes",
        ),
    ],
)
def test_each_rule(rules: dict[str, Any], pt: str, en: str) -> None:
    (said,) = wording.rules(with_rules(**rules), "pt")
    assert pt in said
    (said,) = wording.rules(with_rules(**rules), "en")
    assert en in said


def test_parts_of_an_instant_and_its_zone_are_said() -> None:
    time = {"column": "d", "kind": "utc_instant", "label": "end"}
    parts = [{"column": "hora", "unit": "PT1H", "first": 1}]
    item = LOAD.model_validate(
        LOAD.model_dump() | {"time": time | {"parts": parts}}, context="trusted"
    )
    assert wording.time_rule(item, "en") == (
        "`d`: instant in UTC, end of the interval; plus `hora`, counted in hours from 1"
    )
    assert "instante em UTC, fim do intervalo; mais `hora`" in str(wording.time_rule(item, "pt"))


def test_computed_rows_and_several_quantities_of_a_column_are_said() -> None:
    said = " ".join(wording.rules(catalog()["restricao-coff-eolica-usi"], "en"))
    assert "`curtailed_power` is computed within the row" in said
    assert "at least 0, where `val_geracaolimitada` is filled" in said
    said = " ".join(wording.rules(catalog()["taxa-teif-teip"], "en"))
    assert "Rows of `val_taxa` where" in said


def test_ranges_are_said_with_their_unit() -> None:
    kept, refused = wording.ranges(LOAD.measures[0], "en")
    assert kept.endswith("MWmed are kept and flagged `out_of_range`.")
    assert refused.startswith("A file with more than 1 %")
