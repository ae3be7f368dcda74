"""Questions over 25 years of hourly load, beside pandas and polars on the same lake files.

    python benchmarks/questions.py [--repeat 15] [--first-year 2000] [--workdir DIR]

The platform reads the question, chooses the dataset, plans, runs SQL and writes the answer; pandas
and polars are told which files to read and what to compute. Every intent is asked with another
period each time, so that no answer is repeated. The last line is one JSON object (milliseconds).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from ons_platform.catalog.registry import catalog
from ons_platform.config import Settings
from ons_platform.ingest.process import process
from ons_platform.ingest.route import route
from ons_platform.lake.engine import LakeEngine
from ons_platform.lake.knowledge import KnowledgeBase, refresh
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.ledgers import open_ledger
from ons_platform.lake.zone import brasilia
from ons_platform.questions.ask import QuestionRequest, ask
from ons_platform.storage import open_storage

YEARS = 25
LEVELS = {"SE": 40_000, "S": 12_000, "NE": 11_000, "N": 6_000}
NAMES = {"SE": "Sudeste", "S": "Sul", "NE": "Nordeste", "N": "Norte"}
Compute = Callable[[Any], Any]


@dataclass(frozen=True)
class Intent:
    """One kind of question: its wording for a year, the years it reads, and the peers' sums."""

    name: str
    question: str
    years: Callable[[int], list[int]]
    pandas: Compute
    polars: Compute


def only(year: int) -> list[int]:
    return [year]


INTENTS = [
    Intent(
        "latest",
        "Qual é o último valor de carga do Sudeste?",
        lambda _: [],
        lambda f: f[f.region == "SE"].sort_values("timestamp").value.iloc[-1],
        lambda f: f.filter(pl.col("region") == "SE").sort("timestamp").select(pl.last("value")),
    ),
    Intent(
        "mean",
        "Qual foi a carga média do Sudeste em {year}?",
        only,
        lambda f: f[f.region == "SE"].value.mean(),
        lambda f: f.filter(pl.col("region") == "SE").select(pl.mean("value")),
    ),
    Intent(
        "energy",
        "Quanta energia o SIN consumiu em {year}, em TWh?",
        only,
        lambda f: f.groupby("timestamp").value.sum().sum() / 1e6,
        lambda f: f.group_by("timestamp").agg(pl.sum("value")).select(pl.sum("value") / 1e6),
    ),
    Intent(
        "maximum",
        "Qual foi a carga máxima do SIN em {year} e quando ocorreu?",
        only,
        lambda f: f.groupby("timestamp").value.sum().agg(["max", "idxmax"]),
        lambda f: f.group_by("timestamp").agg(pl.sum("value")).sort("value").tail(1),
    ),
    Intent(
        "share",
        "Qual foi a participação do Sudeste na carga do SIN em {year}?",
        only,
        lambda f: f[f.region == "SE"].value.sum() / f.value.sum(),
        lambda f: f.select(
            pl.col("value").filter(pl.col("region") == "SE").sum() / pl.sum("value")
        ),
    ),
    Intent(
        "ranking",
        "Qual foi o ranking dos subsistemas por carga média em {year}?",
        only,
        lambda f: f.groupby("region").value.mean().sort_values(),
        lambda f: f.group_by("region").agg(pl.mean("value")).sort("value"),
    ),
    Intent(
        "by_month",
        "Qual foi a carga média do Sul por mês em {year}?",
        only,
        lambda f: _monthly(f[f.region == "S"]),
        lambda f: (
            f.filter(pl.col("region") == "S")
            .group_by(pl.col("timestamp").dt.convert_time_zone("America/Sao_Paulo").dt.month())
            .agg(pl.mean("value"))
        ),
    ),
    Intent(
        "hour_of_day",
        "Em que hora do dia a carga do Nordeste foi maior, em média, em {year}?",
        only,
        lambda f: _hourly(f[f.region == "NE"]),
        lambda f: (
            f.filter(pl.col("region") == "NE")
            .group_by(pl.col("timestamp").dt.convert_time_zone("America/Sao_Paulo").dt.hour())
            .agg(pl.mean("value"))
        ),
    ),
    Intent(
        "compare",
        "Compare a carga média do SIN em {year} com a de {before}",
        lambda year: [year - 1, year],
        lambda f: _yearly(f),
        lambda f: (
            f.group_by("timestamp")
            .agg(pl.sum("value"))
            .group_by(pl.col("timestamp").dt.year())
            .agg(pl.mean("value"))
        ),
    ),
    Intent(
        "count_above",
        "Em quantas horas de {year} a carga do Sudeste passou de 45 GW?",
        only,
        lambda f: (f[f.region == "SE"].value > 45_000).sum(),
        lambda f: f.filter((pl.col("region") == "SE") & (pl.col("value") > 45_000)).height,
    ),
    Intent(
        "ramp",
        "Qual foi a maior rampa horária de carga do Sul em {year}?",
        only,
        lambda f: f[f.region == "S"].sort_values("timestamp").value.diff().max(),
        lambda f: (
            f.filter(pl.col("region") == "S").sort("timestamp").select(pl.col("value").diff().max())
        ),
    ),
    Intent(
        "day",
        "Qual foi a carga média do Norte em 15/03/{year}?",
        only,
        lambda f: f[f.region == "N"].value.mean(),
        lambda f: f.filter(pl.col("region") == "N").select(pl.mean("value")),
    ),
]
WHOLE = Intent(
    "all_years",
    "Em que ano a carga média do SIN foi maior?",
    lambda _: [],
    lambda f: _yearly(f),
    lambda f: (
        f.group_by("timestamp")
        .agg(pl.sum("value"))
        .group_by(pl.col("timestamp").dt.year())
        .agg(pl.mean("value"))
    ),
)


def _local(frame: pd.DataFrame) -> Any:
    return frame.timestamp.dt.tz_convert("America/Sao_Paulo").dt


def _monthly(frame: pd.DataFrame) -> Any:
    return frame.groupby(_local(frame).month).value.mean()


def _hourly(frame: pd.DataFrame) -> Any:
    return frame.groupby(_local(frame).hour).value.mean()


def _yearly(frame: pd.DataFrame) -> Any:
    sums = frame.groupby("timestamp").value.sum()
    return sums.groupby(sums.index.year).mean()


def year_file(folder: Path, year: int) -> Path:
    """A year of hourly load in the format of curva-carga, with daily and yearly waves."""
    hours = pd.date_range(f"{year}-01-01", f"{year}-12-31 23:00", freq="h")
    random = np.random.default_rng(year)
    wave = 1 + 0.15 * np.sin((hours.hour - 9) / 24 * 2 * np.pi) + 0.02 * random.random(len(hours))
    growth = 1 + 0.02 * (year - 2000)
    frames = [
        pd.DataFrame(
            {
                "id_subsistema": code,
                "nom_subsistema": NAMES[code].upper(),
                "din_instante": hours,
                "val_cargaenergiahomwmed": (level * growth * wave).round(3),
            }
        )
        for code, level in LEVELS.items()
    ]
    path = folder / f"CURVA_CARGA_{year}.csv"
    pd.concat(frames).sort_values("din_instante").to_csv(path, sep=";", index=False)
    return path


def build(folder: Path, years: range) -> tuple[KnowledgeBase, LakeEngine, dict[int, list[str]]]:
    """The lake of those years, and its files by year."""
    settings = Settings(
        storage_url=f"file://{folder}/{{bucket}}", ledger_url=f"sqlite:///{folder}/ledger.db"
    )
    ledger = open_ledger(settings.ledger_url)
    raw = open_storage(settings.raw_bucket, settings)
    processed = open_storage(settings.processed_bucket, settings)
    for year in years:
        path = year_file(folder, year)
        key = f"year={year}/{path.name}"
        version = ObjectVersion(
            bucket=settings.raw_bucket,
            key=key,
            version_id=raw.put_version(key, path),
            sequencer=f"{year:08X}",
            size=path.stat().st_size,
            etag="",
            event_time="2026-01-01T00:00:00+00:00",
        )
        process(
            version,
            route(version, settings, raw).as_dict()["processorConfig"],
            catalog=catalog(),
            ledger=ledger,
            raw=raw,
            processed=processed,
            settings=settings,
        )
    known = refresh(catalog()["curva-carga"], ledger, processed)
    files: dict[int, list[str]] = {}
    for part in known.partitions:
        files.setdefault(part["year"], []).append(
            processed.uri(part["path"]).removeprefix("file://")
        )
    base = KnowledgeBase(processed)
    return base, LakeEngine(processed, base), files


def measured(runs: Iterator[Callable[[], Any]]) -> list[float]:
    """Milliseconds of each run."""
    found = []
    for run in runs:
        start = time.perf_counter()
        run()
        found.append((time.perf_counter() - start) * 1000)
    return found


def summary(values: list[float]) -> dict[str, float]:
    return {f"p{q}": round(float(np.percentile(values, q)), 1) for q in (50, 95)}


def compare(
    intent: Intent, repeat: int, years: range, lake: tuple[Any, Any, dict[int, list[str]]]
) -> dict[str, list[float]]:
    """The three ways to the same figure, period after period."""
    base, engine, files = lake
    now = datetime(years[-1] + 2, 1, 1, tzinfo=brasilia())
    chosen = [years[1 + index % (len(years) - 1)] for index in range(repeat)]
    every = [path for paths in files.values() for path in paths]
    columns = ["timestamp", "region", "value"]

    def platform(year: int) -> Callable[[], Any]:
        question = intent.question.format(year=year, before=year - 1)

        def run() -> None:
            request = QuestionRequest(question)
            answer = ask(request, catalog=catalog(), knowledge=base, engine=engine, now=now)
            if answer.status != "answered":
                raise SystemExit(f"{question}: {answer.answer}")

        return run

    def needed(year: int) -> list[str]:
        said = intent.years(year)
        if said:
            return [path for each in said for path in files[each]]
        return every if intent is WHOLE else files[years[-1]][-1:]

    def with_pandas(year: int) -> Callable[[], Any]:
        paths = needed(year)
        return lambda: intent.pandas(
            pd.concat([pd.read_parquet(path, columns=columns) for path in paths])
        )

    def with_polars(year: int) -> Callable[[], Any]:
        paths = needed(year)
        return lambda: intent.polars(pl.read_parquet(paths, columns=columns))

    ways = {"platform": platform, "pandas": with_pandas, "polars": with_polars}
    return {name: measured(way(year) for year in chosen) for name, way in ways.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--first-year", type=int, default=2000)
    parser.add_argument("--years", type=int, default=YEARS)
    parser.add_argument("--workdir", type=Path)
    options = parser.parse_args()
    years = range(options.first_year, options.first_year + options.years)
    with tempfile.TemporaryDirectory(dir=options.workdir) as name:
        lake = build(Path(name), years)
        compare(INTENTS[1], 2, years, lake)
        figures: dict[str, Any] = {}
        pooled: dict[str, list[float]] = {"platform": [], "pandas": [], "polars": []}
        print(f"{'intent':14}{'platform p50':>14}{'p95':>8}{'pandas p50':>12}{'polars p50':>12}")
        for intent in (*INTENTS, WHOLE):
            times = compare(intent, options.repeat, years, lake)
            for way, values in times.items():
                pooled[way] += values
            each = {way: summary(values) for way, values in times.items()}
            figures[intent.name] = each
            own = each["platform"]
            print(
                f"{intent.name:14}{own['p50']:14.1f}{own['p95']:8.1f}"
                f"{each['pandas']['p50']:12.1f}{each['polars']['p50']:12.1f}"
            )
            if intent is INTENTS[-1]:
                figures["with_a_period"] = {way: summary(values) for way, values in pooled.items()}
        overall = {way: summary(values) for way, values in pooled.items()}
        print(json.dumps({"files": sum(map(len, lake[2].values())), "all": overall} | figures))
        lake[1].close()


if __name__ == "__main__":
    main()
