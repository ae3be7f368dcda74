"""Write docs/datasets/ from the catalogue: one page per dataset and an index.

`python scripts/generate_dataset_docs.py` writes; with `--check` it changes nothing and exits with
1, naming each page that is not what the catalogue says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ons_platform.catalog.model import Column, Dataset, Metric
from ons_platform.catalog.registry import Catalog, catalog
from ons_platform.catalog.vocabulary import vocabulary

FOLDER = Path(__file__).parents[1] / "docs/datasets"
_HEADER = "<!-- Written by scripts/generate_dataset_docs.py from the catalogue; do not edit. -->\n"
_GRAINS = {"PT30M": "half hour", "PT1H": "hour", "P1D": "day", "P1W": "week"}


def pages(datasets: Catalog) -> dict[str, str]:
    """Text of every page by file name."""
    written = {f"{item.dataset}.md": _join(_page(item)) for item in datasets}
    return {"README.md": _join(_index(datasets)), **written}


def _join(lines: Iterator[str]) -> str:
    return _HEADER + "\n" + "\n".join(lines) + "\n"


def _index(datasets: Catalog) -> Iterator[str]:
    yield "# Datasets"
    yield ""
    yield "What ONS publishes and this platform reads, checks and answers questions about. Each is"
    yield "one YAML of `layers/ons_platform/src/ons_platform/catalog/datasets/`."
    yield ""
    yield "| dataset | conjunto | what | SQL table | one row per |"
    yield "|---|---|---|---|---|"
    for item in datasets:
        grain = _GRAINS[item.grain] if item.grain else "reference table"
        link = f"[{item.dataset}]({item.dataset}.md)"
        yield f"| {link} | {item.title.pt} | {item.title.en} | `{item.table}` | {grain} |"


def _page(item: Dataset) -> Iterator[str]:
    yield f"# {item.title.en}"
    yield ""
    yield f"*{item.title.pt}* · [`{item.dataset}`]({item.url}) · {item.licence}"
    yield ""
    yield item.description.en
    yield ""
    yield item.description.pt
    yield ""
    yield from _facts(item)
    yield ""
    yield "## Columns as ONS serves them"
    yield ""
    yield "| column | type | role | earlier names |"
    yield "|---|---|---|---|"
    yield from (_column(column) for column in item.columns)
    if item.measures:
        yield ""
        yield from _measures(item)
    if item.questions.metrics:
        yield ""
        yield from _metrics(item)


def _facts(item: Dataset) -> Iterator[str]:
    patterns = ", ".join(f"`{pattern}`" for pattern in item.files.patterns)
    yield "| | |"
    yield "|---|---|"
    yield f"| files | {patterns}, since {item.files.first_year} |"
    yield f"| SQL table | `{item.table}` |"
    yield f"| kind | {item.kind}, `{item.dataset_type}` |"
    if item.grain and item.time:
        meaning = (
            "Brasília civil time" if item.time.kind == "local_instant" else "Brasília civil day"
        )
        yield f"| one row per | {_GRAINS[item.grain]} and key |"
        yield f"| time | `{item.time.column}`: {meaning}, {item.time.label} of the interval |"
    yield f"| key | {', '.join(f'`{part}`' for part in item.key)} |"
    if item.influxdb:
        yield f"| time-series bucket | `{item.influxdb.bucket}` |"
    if item.rules.identity:
        plus, minus = " + ".join(item.rules.identity.plus), " - ".join(item.rules.identity.minus)
        rule = f"{plus}{' - ' + minus if minus else ''} = {item.rules.identity.total}"
        yield f"| must hold | {rule} ± {item.rules.identity.tolerance:g} |"


def _column(column: Column) -> str:
    optional = " (optional)" if column.optional else ""
    aliases = ", ".join(f"`{alias}`" for alias in column.aliases)
    return f"| `{column.name}`{optional} | {column.type} | {column.role} | {aliases} |"


def _measures(item: Dataset) -> Iterator[str]:
    yield "## Values in the lake"
    yield ""
    yield "A value outside of the range is kept and flagged `out_of_range`."
    yield ""
    yield "| column | measurement_type | energy_source | unit | range |"
    yield "|---|---|---|---|---|"
    for measure in item.measures:
        valid = f"{measure.valid[0]:g} to {measure.valid[1]:g}" if measure.valid else ""
        source = measure.energy_source or ""
        yield (
            f"| `{measure.column}` | `{measure.measurement_type}` | {source} | {measure.unit} "
            f"| {valid} |"
        )


def _metrics(item: Dataset) -> Iterator[str]:
    yield "## What can be asked"
    yield ""
    yield "| metric | unit | in Portuguese | in English |"
    yield "|---|---|---|---|"
    yield from (_metric(metric) for metric in item.questions.metrics)
    regions = ", ".join(f"{code} ({term.title.en})" for code, term in vocabulary().regions.items())
    yield ""
    yield f"Subsystems: {regions}."


def _metric(metric: Metric) -> str:
    names = metric.names
    return f"| `{metric.id}` | {metric.unit} | {', '.join(names.pt)} | {', '.join(names.en)} |"


def main(arguments: list[str]) -> int:
    """Write the pages, or with `--check` compare them; the exit code."""
    wanted = pages(catalog())
    held = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(
        name for name in wanted.keys() | held.keys() if wanted.get(name) != held.get(name)
    )
    if arguments == ["--check"]:
        for name in stale:
            print(f"docs/datasets/{name} is not what the catalogue says", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
