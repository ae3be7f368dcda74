"""Documents say what is true: links lead somewhere, commands exist, examples are taken."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from typer.main import get_command

from ons_local.cli import app
from ons_platform.api.models import QueryBody, RawQueryBody, parse
from ons_platform.catalog.registry import catalog
from ons_platform.timeseries.flux.guard import guard_flux
from ons_platform.timeseries.flux.limits import FluxLimits
from ons_platform.timeseries.influxql.guard import guard_influxql
from ons_platform.timeseries.influxql.limits import InfluxqlLimits
from ons_platform.timeseries.points import ALIAS, BUCKETS
from ons_platform.timeseries.sqlguard import guard
from ons_platform.timeseries.templates import templates

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
TABLES = {dataset.table: dataset.dataset for dataset in catalog()}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def everything() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if not re.match(r"https?://|#", target):
            assert (path.parent / unquote(target.split("#")[0])).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_named_files_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:tests|docs|scripts|stacks|events|benchmarks)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))
    commands = re.findall(r"(?:^|`)make ((?:[a-z-]+ ?)+)(?=$|`| +#)", everything(), re.MULTILINE)
    assert {name for command in commands for name in command.split()} <= targets


def test_every_ons_command_and_option_exists() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    lines = re.findall(r"(?:\.venv/bin/|\$ |`)ons ([a-z]+)([^`\n#]*)", everything())
    assert {name for name, _ in lines} == set(commands)
    for name, rest in lines:
        command, words = commands[name], rest.split()
        if words and hasattr(command, "commands"):
            command = command.commands[words[0]]
        known = {f for option in command.params for f in (*option.opts, *option.secondary_opts)}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) - {"--help"} <= known, (name, rest)


def test_example_requests_are_taken() -> None:
    """As a shell reads them, each is taken by the guard of its language."""
    lines = re.findall(r"^  (-d .*)$", text_of("docs/en/api.md"), re.M)
    question, *raw = (json.loads(shlex.split(line)[1]) for line in lines)
    parse(QueryBody, question)
    bodies = {body.language: body for body in (parse(RawQueryBody, item) for item in raw)}
    assert set(bodies) == {"flux", "influxql", "sql"}
    assert guard(bodies["sql"].query or "", TABLES, max_rows=10).tables == {"curva_carga"}
    flux = guard_flux(bodies["flux"].query or "", now=NOW, limits=FluxLimits(max_rows=10))
    assert set(flux.buckets) == set(BUCKETS)
    limits = InfluxqlLimits(max_rows=10)
    asked = bodies["influxql"].query or ""
    assert guard_influxql(asked, now=NOW, limits=limits, database=ALIAS).query


def test_the_templates_are_told() -> None:
    told = re.findall(r"^\| `(\w+)` \| .*$", text_of("docs/en/api.md"), re.M)
    assert set(templates()) <= set(told)
    (example,) = re.findall(r'^(\{"template".*\})$', text_of("docs/en/api.md"), re.M)
    body = parse(RawQueryBody, json.loads(example))
    assert body.template in templates()


@pytest.mark.parametrize("name", ["README.md", "README.pt-BR.md"])
def test_example_queries_are_taken(name: str) -> None:
    (query,) = re.findall(r"ons query '([^']+)'", text_of(name))
    assert guard(query, TABLES, max_rows=10).tables == {"curva_carga"}


@pytest.mark.parametrize("project", ["pyproject.toml", "layers/ons_platform/pyproject.toml"])
def test_every_dependency_has_its_reason(project: str) -> None:
    described = tomllib.loads(text_of(project))["project"]
    groups = [described["dependencies"], *described["optional-dependencies"].values()]
    names = {re.match(r"[\w-]+", item).group() for group in groups for item in group}  # type: ignore[union-attr]
    reasons = set(re.findall(r"^\| ([\w-]+) \|", text_of("docs/adr/0002-dependencies.md"), re.M))
    assert names - reasons == set()


def test_decisions_are_numbered_and_accepted() -> None:
    pages = sorted((ROOT / "docs/adr").glob("*.md"))
    for number, page in enumerate(pages, start=1):
        text = page.read_text(encoding="utf-8")
        assert page.name.startswith(f"{number:04d}-")
        assert text.startswith(f"# {number}. ")
        assert "\nAccepted, " in text


def test_dataset_pages_are_what_the_catalogue_says() -> None:
    script = ROOT / "scripts/generate_dataset_docs.py"
    done = subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_licence_is_mit() -> None:
    assert text_of("LICENSE").startswith("MIT License")
