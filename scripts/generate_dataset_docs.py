"""Write docs/datasets/ from the catalogue: a page and a JSON Schema per dataset, and an index.

`python scripts/generate_dataset_docs.py` writes; with `--check` it changes nothing and exits with
1, naming each file that is not what the catalogue says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ons_platform.catalog import wording
from ons_platform.catalog.canonical import CANONICAL_KEYS, filled
from ons_platform.catalog.filenames import example
from ons_platform.catalog.model import Column, Dataset, Metric
from ons_platform.catalog.registry import Catalog, catalog
from ons_platform.catalog.rowschema import canonical_schema, row_schema, unit_of
from ons_platform.lake.quality import QualityFlag

FOLDER = Path(__file__).parents[1] / "docs/datasets"
_HEADER = "<!-- Written by scripts/generate_dataset_docs.py from the catalogue; do not edit. -->\n"
_SHOWN = 5
_YEAR = 2023
"""Of the examples."""
_SUBJECTS = ("generation", "consumption", "transmission", "operation")
_ALWAYS = ("value", "unit", "quality_flag", "dataset_type", "processed_at", "source_file")


def files(datasets: Catalog) -> dict[str, str]:
    """Text of every file by its path within the folder."""
    written = {f"{item.dataset}.md": _join(_page(item)) for item in datasets}
    schemas = {f"schemas/{item.dataset}.json": _json(row_schema(item)) for item in datasets}
    record = {"schemas/canonical-record.json": _json(canonical_schema(tuple(QualityFlag)))}
    return {"README.md": _join(_index(datasets)), **written, **schemas, **record}


def _join(lines: Iterable[str]) -> str:
    return _HEADER + "\n" + "\n".join(lines) + "\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _index(datasets: Catalog) -> Iterator[str]:
    yield "# Datasets"
    yield ""
    yield "What ONS publishes and this platform reads, checks and answers questions about. Each is"
    yield "one YAML of `layers/ons_platform/src/ons_platform/catalog/datasets/`;"
    yield "[schemas](schemas/) holds a JSON Schema of each one's rows and of the lake's record."
    for subject in _SUBJECTS:
        yield ""
        yield f"## {wording.subject(subject, 'en')} · {wording.subject(subject, 'pt')}"
        yield ""
        yield "| dataset | conjunto | what | one row per | since |"
        yield "|---|---|---|---|---|"
        for item in datasets:
            if item.dataset_type == subject:
                link = f"[{item.dataset}]({item.dataset}.md)"
                grain = wording.grain(item, "en")
                since = item.files.first_year
                yield f"| {link} | {item.title.pt} | {item.title.en} | {grain} | {since} |"


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
    yield from _columns(item)
    yield from _rules(item)
    yield from _measures(item)
    yield from _questions(item)
    yield ""
    yield "## Licence"
    yield ""
    yield wording.attribution(item, "en")
    yield ""
    yield wording.attribution(item, "pt")


def _facts(item: Dataset) -> Iterator[str]:
    patterns = ", ".join(f"`{pattern}`" for pattern in item.files.patterns)
    sample = example(item.files.patterns[0], max(item.files.first_year, _YEAR))
    yield "| | |"
    yield "|---|---|"
    yield f"| files | {patterns}; such as `{sample}.csv` |"
    yield f"| since | {item.files.first_year} |"
    yield f"| kind | {wording.kind(item, 'en')}, `{item.dataset_type}` |"
    yield f"| one row per | {wording.grain(item, 'en')} |"
    if time := wording.time_rule(item, "en"):
        yield f"| time | {time} |"
    yield f"| key | {_code(item.key)} |"
    yield f"| SQL table | `{item.table}` |"
    yield f"| columns in the lake | {_code(_lake_columns(item))} |"
    if item.constants:
        held = ", ".join(f"`{name}` = {value}" for name, value in item.constants.items())
        yield f"| the same in every row | {held} |"
    if item.influxdb:
        fields = ", ".join(f"`{kind}` → `{name}`" for kind, name in item.influxdb.fields.items())
        yield f"| InfluxDB | bucket `{item.influxdb.bucket}`: {fields} |"
    yield f"| JSON Schema | [of its rows](schemas/{item.dataset}.json) |"


def _lake_columns(item: Dataset) -> list[str]:
    if item.kind == "reference":
        return [column.name for column in item.columns if column.role != "unused"]
    said = filled(item)
    held = [name for name in CANONICAL_KEYS if name in said]
    return [*held, *_ALWAYS, *item.attributes]


def _columns(item: Dataset) -> Iterator[str]:
    yield ""
    yield "## Columns as ONS serves them"
    yield ""
    yield "| column | type | unit | role | other names | meaning |"
    yield "|---|---|---|---|---|---|"
    yield from (_column(column, item) for column in item.columns)


def _column(column: Column, item: Dataset) -> str:
    optional = " (optional)" if column.optional else ""
    role = f"{column.role}, {column.also}" if column.also else column.role
    meaning = f"{column.description.en} {column.description.pt}" if column.description else ""
    return (
        f"| `{column.name}`{optional} | {column.type} | {unit_of(column, item) or ''} | {role} "
        f"| {_code(column.aliases)} | {_cell(meaning)} |"
    )


def _rules(item: Dataset) -> Iterator[str]:
    told = list(wording.rules(item, "en"))
    if told:
        yield ""
        yield "## Rules"
        yield ""
        yield from (f"- {rule}" for rule in told)


def _measures(item: Dataset) -> Iterator[str]:
    if not item.measures:
        return
    yield ""
    yield "## Values in the lake"
    yield ""
    yield "A value outside of the range is kept and flagged `out_of_range`; a file where over one"
    yield "percent of a column is outside of what that quantity can be is refused."
    yield ""
    yield "| column | measurement_type | energy_source | unit | range | refused outside |"
    yield "|---|---|---|---|---|---|"
    for measure in item.measures:
        valid, refuse = _interval(measure.valid), _interval(measure.refuse)
        kinds, source = _code(measure.measurement_types), measure.energy_source or ""
        yield (f"| `{measure.column}` | {kinds} | {source} | {measure.unit} | {valid} | {refuse} |")


def _questions(item: Dataset) -> Iterator[str]:
    yield ""
    yield "## How to ask"
    yield ""
    for metric in item.questions.metrics[:1]:
        yield f"- {_question(item, metric, 'pt')}"
        yield f"- {_question(item, metric, 'en')}"
    yield f"- `ons query 'SELECT * FROM {item.table} LIMIT 10'`"  # noqa: S608 - a text
    if item.questions.metrics:
        yield ""
        yield "| metric | unit | in Portuguese | in English |"
        yield "|---|---|---|---|"
        for metric in item.questions.metrics:
            names = f"{', '.join(metric.names.pt)} | {', '.join(metric.names.en)}"
            yield f"| `{metric.id}` | {metric.unit} | {names} |"


def _question(item: Dataset, metric: Metric, language: wording.Language) -> str:
    """An example in the plainest words: what, where, when."""
    names = metric.names.pt if language == "pt" else metric.names.en
    what = names[0] if names else metric.title.model_dump()[language]
    where = any("region" in (column.role, column.also) for column in item.columns)
    year = max(item.files.first_year, _YEAR)
    if language == "pt":
        when = f" em {year}" if item.kind == "series" else ""
        return f"*{what}{' no Nordeste' if where else ''}{when}*"
    when = f" in {year}" if item.kind == "series" else ""
    return f"*{what}{' in the Northeast' if where else ''}{when}*"


def _interval(bounds: tuple[float, float] | None) -> str:
    return f"{bounds[0]:.10g} to {bounds[1]:.10g}" if bounds else ""


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` compare them; the exit code."""
    wanted = files(catalog())
    found = [path for pattern in ("*.md", "schemas/*.json") for path in FOLDER.glob(pattern)]
    held = {path.relative_to(FOLDER).as_posix(): path.read_text("utf-8") for path in found}
    stale = sorted(
        name for name in wanted.keys() | held.keys() if wanted.get(name) != held.get(name)
    )
    if arguments == ["--check"]:
        for name in stale[:_SHOWN]:
            print(f"docs/datasets/{name} is not what the catalogue says", file=sys.stderr)
        if stale:
            print(f"{len(stale)} files: run {Path(__file__).name}", file=sys.stderr)
        return 1 if stale else 0
    (FOLDER / "schemas").mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (FOLDER / name).write_text(wanted[name], encoding="utf-8")
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
