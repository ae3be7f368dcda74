"""docs/requirements.md: every ID, and nothing named that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs/requirements.md"
SHARED = ROOT.parent / "shared/REQUIREMENTS.md"
LENGTHS = {
    "ING-": 12,
    "STR-": 7,
    "UNS-": 7,
    "LAK-": 10,
    "TSD-": 29,
    "QRY-": 18,
    "DOC-": 17,
    "RAG-": 21,
    "QUE-": 10,
    "SEC-": 13,
    "OBS-": 21,
    "DEP-": 16,
    "DCS-": 7,
    "TST-": 13,
    "PRF-": 15,
    "C": 25,
}
STATES = {"done", "partly", "other", "open", "resolved"}


def rows() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"[A-Z]+-?\d+", cells[0]):
            assert cells[0] not in found, f"{cells[0]} is listed twice"
            found[cells[0]] = cells[1:]
    return found


def named(text: str) -> list[str]:
    return re.findall(r"`([^`\s]+)`", text)


def test_every_id_is_listed() -> None:
    wanted = {f"{name}{n}" for name, last in LENGTHS.items() for n in range(1, last + 1)}
    assert set(rows()) == wanted


def test_every_row_has_a_state_and_what_belongs_to_it() -> None:
    for name, (state, where, shown) in rows().items():
        assert state in STATES, name
        assert bool(where) == (state != "open"), name
        assert not shown or state != "open", name
        assert named(where) or state == "open", f"{name} names no place"
        if state == "partly":
            assert " — open: " in where or " - open: " in where, f"{name} does not say what is open"


def test_every_place_exists() -> None:
    for name, (_, where, _shown) in rows().items():
        for place in named(where):
            if "/" in place or "." in place:
                assert (ROOT / place).exists(), f"{name}: {place}"


def test_every_test_exists() -> None:
    for name, (_, _where, shown) in rows().items():
        for test in named(shown):
            path, _, function = test.partition("::")
            assert (ROOT / path).is_file(), f"{name}: {path}"
            if function:
                assert f"def {function}(" in (ROOT / path).read_text(encoding="utf-8"), (
                    f"{name}: {test}"
                )


@pytest.mark.shared
def test_the_ids_are_those_of_the_requirements() -> None:
    text = SHARED.read_text(encoding="utf-8")
    wanted = re.findall(r"^\|([A-Z]{3}-\d+|C\d+)\|", text, re.MULTILINE)
    assert set(rows()) == set(wanted)
