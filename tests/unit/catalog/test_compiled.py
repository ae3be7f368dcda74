"""The compiled catalogue says exactly what the YAMLs say, and never hides one that changed."""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from ons_platform.catalog.compiled import FILE, compile_text, digest, read_compiled
from ons_platform.catalog.registry import catalog, load, shipped_catalog

PACKAGE = Path(str(files("ons_platform.catalog")))


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with two datasets, compiled."""
    (tmp_path / "datasets").mkdir()
    for slug in ("curva-carga", "restricao-coff-eolica-usi"):
        shutil.copy(PACKAGE / f"datasets/{slug}.yaml", tmp_path / "datasets")
    text = compile_text(tmp_path / "datasets", load(tmp_path / "datasets"))
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    return tmp_path


def test_it_equals_what_full_validation_reads(package: Path) -> None:
    assert read_compiled(package) == tuple(load(package / "datasets"))


def test_an_edited_an_added_and_a_removed_yaml_are_noticed(package: Path) -> None:
    path = package / "datasets/curva-carga.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("first_year: 2000", "first_year: 2001"), encoding="utf-8")
    assert read_compiled(package) is None
    path.write_text(text, encoding="utf-8")
    assert read_compiled(package) is not None
    shutil.copy(path, package / "datasets/gemeo.yaml")
    assert read_compiled(package) is None
    (package / "datasets/gemeo.yaml").unlink()
    path.unlink()
    assert read_compiled(package) is None


def test_without_it_there_is_nothing_to_read(package: Path) -> None:
    (package / FILE).unlink()
    assert read_compiled(package) is None


def test_the_digest_tells_names_from_contents(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("b")
    first = digest(tmp_path)
    (tmp_path / "a.yaml").rename(tmp_path / "b.yaml")
    assert digest(tmp_path) != first


def test_the_shipped_catalogue_equals_the_yamls() -> None:
    assert list(shipped_catalog()) == list(load(PACKAGE / "datasets"))
    assert list(catalog()) == list(shipped_catalog())


def test_the_shipped_catalogue_is_compiled() -> None:
    """If this fails, run `python scripts/compile_catalog.py`."""
    assert read_compiled(PACKAGE) is not None
