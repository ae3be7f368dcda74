"""Every quantity of the catalogue answers the plain questions, in both languages.

One lake holds a made-up file of every series dataset. What is right is computed with pandas from
the lake's own rows (that those are what the files say is proven in test_every_dataset.py): a value
over a period, extremes with their instant, the latest, series, rankings and counts.
"""

# ruff: noqa: DTZ001 - civil readings have no zone

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from intervals import STEPS, time_cells
from ons_platform.catalog.model import Column, Dataset, Measure, Metric
from ons_platform.catalog.registry import catalog

ZONE = ZoneInfo("America/Sao_Paulo")
_EVENTS = timedelta(hours=5, minutes=7)
_REGIONS = ("SUDESTE/CENTRO-OESTE", "SUL", "NORDESTE", "NORTE")
_STATES = ("MG", "RS", "BA", "PA")
_NAMES = ("Aurora", "Boreal", "Cruzeiro", "Delta")
_SOURCES = ("HIDROELÉTRICA", "TÉRMICA", "EOLIELÉTRICA", "FOTOVOLTAICA")
_COUNTRIES = ("ARGENTINA", "URUGUAI", "PARAGUAI", "ARGENTINA")
SKIPPED = {"intercambio-nacional", "intercambio-internacional", "balanco-energia-subsistema"}
"""What test_question_flows.py and test_questions.py ask of."""


def series() -> list[Dataset]:
    return [
        item
        for item in catalog()
        if item.kind == "series" and item.layout is None and item.questions.metrics
        if item.dataset not in SKIPPED
    ]


# -- a file of every dataset ---------------------------------------------------------------------


def moments(dataset: Dataset) -> list[datetime]:
    """Civil starts: two whole years of months or days, three days in June of anything shorter."""
    if dataset.grain == "P1M":
        return [datetime(year, month, 1) for year in (2023, 2024) for month in range(1, 13)]
    if dataset.grain == "P1Y":
        return [datetime(year, 1, 1) for year in (2021, 2022, 2023)]
    step = _EVENTS if dataset.grain == "event" else STEPS[dataset.grain or ""]
    if step >= timedelta(days=1):
        first = datetime(2023, 1, 7 if dataset.grain == "P1W" else 1)
        return [first + count * step for count in range(timedelta(days=724) // step)]
    return [datetime(2024, 6, 3) + count * step for count in range(timedelta(days=3) // step)]


def described(column: Column, thing: int) -> str:
    """A cell of a column that is neither time nor measure."""
    words = {"region": _REGIONS, "state": _STATES, "source": _SOURCES, "entity_name": _NAMES}
    if "pais" in column.name:
        return _COUNTRIES[thing]
    for role in (column.also, column.role):
        if role in words:
            return words[str(role)][thing]
    if column.type == "number":
        return "1"
    if column.type in {"date", "instant"}:
        return "2020-01-01" + ("" if column.type == "date" else " 10:00:00")
    return f"{_NAMES[thing]} {thing}" if column.role == "entity_id" else "A"


def number(measure: Measure, step: int, thing: int) -> float:
    """A value within the range of a measure, rising and falling, another for every row."""
    low, high = measure.valid or (0.0, 100.0)
    near = min(max(low, 0.0), high)
    width = min(high - near, 100.0) if high > near else 0.0
    wave = (step * 7919 + thing * 104_729) % 997 / 997
    return round(near + width * (0.2 + 0.1 * thing + 0.4 * wave), 6)


def text(dataset: Dataset) -> str:
    """A file of four things with other places each, as ONS writes CSV."""
    lines = [";".join(column.name for column in dataset.columns)]
    things = 4 if _told_apart(dataset) else 1
    variants = [item for measure in dataset.measures for item in measure.variants]
    chosen = [{name: words[0] for name, words in item.when.items()} for item in variants]
    for step, start in enumerate(moments(dataset)):
        for thing in range(things):
            cells = {column.name: described(column, thing) for column in dataset.columns}
            cells |= time_cells(dataset, start)
            for own in ({}, *chosen):
                values = {m.column: repr(number(m, step, thing)) for m in dataset.measures}
                lines.append(_line(dataset, cells | values | own))
    return "\n".join(lines) + "\n"


def _line(dataset: Dataset, cells: dict[str, str]) -> str:
    return ";".join(cells[column.name] for column in dataset.columns)


def _told_apart(dataset: Dataset) -> bool:
    roles = {c.role for c in dataset.columns} | {c.also for c in dataset.columns}
    return "region" not in dataset.constants and bool(roles & {"region", "entity_name"})


@pytest.fixture(scope="module")
def lake(
    tmp_path_factory: pytest.TempPathFactory, question_lake: Callable[[list[Path]], Any]
) -> Any:
    folder = tmp_path_factory.mktemp("catalogue")
    for dataset in series():
        stem = dataset.files.patterns[0].replace("{YYYY}", "2024")
        name = stem.replace("{MM}", "06").replace("{DD}", "03")
        (folder / f"{name}.csv").write_text(text(dataset), encoding="utf-8")
    return question_lake(sorted(folder.iterdir()))


# -- questions and what pandas makes of the rows -------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One question to one metric and how its value follows from the metric's series."""

    dataset: Dataset
    metric: Metric
    question: str
    how: str
    place: str = ""

    def threshold(self, values: pd.Series) -> float:
        """A value that half of them are above."""
        return round(float(values.median()), 6)


_PLACES = {"S": (" do Sul", " in the South"), "plant": (" da usina Aurora", " of the plant Aurora")}
_SHORT = ("PT30M", "PT1H", "event")
_COUNTED = {"PT1H": "quantas horas", "P1D": "quantos dias", "P1M": "quantos meses"}


def place_of(dataset: Dataset, metric: Metric) -> str:
    """Where the metric is asked: of a plant or a subsystem if it is held of some, else nowhere."""
    roles = {c.role for c in dataset.columns}
    also = {c.also for c in dataset.columns}
    if metric.by_plant and "entity_name" in roles and (metric.sin == "none" or metric.ratio):
        return "plant"
    if any("pais" in c.name for c in dataset.columns if c.role == "region"):
        return ""
    return "S" if "region" in roles | also else ""


def cases() -> Iterator[Case]:
    """Of every dataset two quantities at most."""
    for dataset in series():
        for metric in [item for item in dataset.questions.metrics if asked_here(item)][:2]:
            yield from cases_of(dataset, metric)


def asked_here(metric: Metric) -> bool:
    """False for factors that are a ratio over time too: test_question_flows.py asks of them."""
    return not shared(metric) and (metric.ratio is None or metric.ratio.over_time == "mean")


def shared(metric: Metric) -> bool:
    """True for quantities that several datasets hold: which of them answers is not asked here."""
    names = {metric.names.pt[0], metric.names.en[0]}
    holding = [
        m for d in catalog() for m in d.questions.metrics if names & {*m.names.pt, *m.names.en}
    ]
    return len(holding) > 1


def cases_of(dataset: Dataset, metric: Metric) -> Iterator[Case]:
    """The plain questions of a metric, in Portuguese and English by turns."""
    place = place_of(dataset, metric)
    pt, en = _PLACES.get(place, ("", ""))
    short = dataset.grain in _SHORT
    when, at = ("junho de 2024", "June 2024") if short else ("2023", "2023")
    name, called = metric.names.pt[0], metric.names.en[0]
    asked = {
        f"Qual foi o valor máximo de {name}{pt} em {when}?": "max",
        f"What was the minimum {called}{en} in {at}?": "min",
        f"Quando foi o máximo de {name}{pt} em {when}?": "when",
        f"What is the latest {called}{en}?": "last",
    }
    if metric.aggregate == "mean":
        asked |= {
            f"Qual foi o valor médio de {name}{pt} em {when}?": "mean",
            f"What was the average {called}{en} in {at}?": "mean",
        }
    if metric.aggregate == "sum":
        asked |= {
            f"Qual foi o total de {name}{pt} em {when}?": "sum",
            f"What was the total {called}{en} in {at}?": "sum",
        }
    if metric.aggregate == "mean" and dataset.grain in {"P1D", "P1M"}:
        asked |= {
            f"{name}{pt} por mês em 2023": "months",
            f"Compare the average {called}{en} in 2023 with 2024": "years",
        }
    if metric.aggregate == "mean" and dataset.grain in {"PT30M", "PT1H"}:
        asked[f"Average {called}{en} by day in June 2024"] = "days"
    if dataset.grain in _COUNTED and metric.aggregate == "mean":
        counted = _COUNTED[dataset.grain]
        asked[f"Em {counted} {name}{pt} ficou acima de {{}} em {when}?"] = "count"
    if (
        metric.by_plant
        and metric.aggregate == "mean"
        and "entity_name" in {c.role for c in dataset.columns}
    ):
        asked[f"Ranking das usinas por {name} em {when}"] = "plants"
    for question, how in asked.items():
        yield Case(dataset, metric, question, how, place)


ASKED = list(cases())
_HOURS = {"PT30M": 0.5, "PT1H": 1.0, "P1D": 24.0, "P1W": 168.0}


class Oracle:
    """What pandas makes of the lake's rows."""

    def __init__(self, lake: Any) -> None:
        self._lake = lake
        self._frames: dict[str, pd.DataFrame] = {}

    def rows(self, case: Case) -> pd.DataFrame:
        """The metric's rows in the period asked for, by Brasília civil time."""
        rows = self._frame(case.dataset)
        rows = rows[rows["measurement_type"] == case.metric.measurement_type]
        short = case.dataset.grain in _SHORT or case.how in {"last", "years"}
        return rows if short else rows[rows["civil"].dt.year == 2023]

    def values(self, case: Case) -> pd.Series:
        """One value for each instant: of the plant or the subsystem, or of all together."""
        rows = self.rows(case)
        if case.place:
            column = "entity_name" if case.place == "plant" else "region"
            rows = rows[rows[column] == ("Aurora" if case.place == "plant" else case.place)]
        return rows.groupby("civil")["value"].sum()

    def __call__(self, case: Case) -> Any:
        values = self.values(case)
        if case.how in {"max", "min", "mean"}:
            return getattr(values, case.how)()
        return getattr(self, f"_{case.how}")(case, values)

    def _frame(self, dataset: Dataset) -> pd.DataFrame:
        if dataset.dataset not in self._frames:
            known = self._lake.knowledge.get(dataset.dataset)
            files = {dataset.table: [part["path"] for part in known.partitions]}
            frame = pd.DataFrame(
                self._lake.engine.rows(f"SELECT * FROM {dataset.table}", [], files)
            )
            civil = pd.to_datetime(frame["timestamp"], utc=True).dt.tz_convert(ZONE)
            label = timedelta(days=6 * (dataset.grain == "P1W" and dataset.time.label == "end"))
            frame = frame.assign(civil=civil.dt.tz_localize(None) + label)
            self._frames[dataset.dataset] = frame[frame["quality_flag"] != "inconsistent"]
        return self._frames[dataset.dataset]

    def _last(self, _: Case, values: pd.Series) -> float:
        return float(values.iloc[-1])

    def _sum(self, case: Case, values: pd.Series) -> float:
        return float(values.sum() * (_HOURS[case.dataset.grain or ""] if case.metric.energy else 1))

    def _when(self, case: Case, values: pd.Series) -> str:
        long = case.dataset.grain not in _SHORT
        instant = values.idxmax()
        return f"{instant:%Y-%m-%d}" if long else f"{instant:%Y-%m-%dT%H:%M:%S}-03:00"

    def _months(self, _: Case, values: pd.Series) -> dict[str, float]:
        return values.groupby(values.index.strftime("%Y-%m")).mean().to_dict()

    def _days(self, _: Case, values: pd.Series) -> dict[str, float]:
        return values.groupby(values.index.strftime("%Y-%m-%d")).mean().to_dict()

    def _years(self, _: Case, values: pd.Series) -> dict[str, float]:
        first, second = (values[values.index.year == year].mean() for year in (2023, 2024))
        return {"2023": first, "2024": second, "change": second - first}

    def _count(self, case: Case, values: pd.Series) -> int:
        return int((values > case.threshold(values)).sum())

    def _plants(self, case: Case, _: pd.Series) -> dict[str, float]:
        named = self.rows(case).groupby(["entity_name", "civil"])["value"].sum()
        return named.groupby("entity_name").mean().to_dict()


def written(case: Case, oracle: Oracle) -> str:
    """The question with its threshold, half of the values above it."""
    if case.how != "count":
        return case.question
    threshold = case.threshold(oracle.values(case))
    return case.question.format(f"{threshold:.6f}".replace(".", ","))


@pytest.fixture(scope="module")
def oracle(lake: Any) -> Oracle:
    return Oracle(lake)


@pytest.mark.parametrize("dataset", series(), ids=lambda item: item.dataset)
def test_plain_questions(lake: Any, oracle: Oracle, dataset: Dataset) -> None:
    wrong = []
    for case in [item for item in ASKED if item.dataset is dataset]:
        answer = lake.ask(written(case, oracle))
        right, scale = oracle(case), 1e3 if answer.unit == "GWh" else 1.0
        got = answer.value * scale if isinstance(answer.value, float) else answer.value
        if isinstance(got, dict):
            got.pop("change_percent", None)
        if isinstance(right, float | dict):
            right = pytest.approx(right, rel=1e-6, abs=2e-6 * scale)
        if answer.status != "answered" or got != right:
            wrong.append((case.question, answer.value, right, answer.answer))
    assert not wrong


def test_values_that_are_doubted_are_used_and_told(lake: Any) -> None:
    known = lake.knowledge.get("fator-capacidade-2")
    answer = lake.ask("Qual foi o fator de capacidade médio da usina Delta em junho de 2024?")
    count = known.flagged["suspect"]
    told = f"{count} valores suspeitos na origem foram usados como publicados."
    assert told in answer.assumptions


def test_what_is_held_daily_and_hourly_answers_by_the_hour(lake: Any, oracle: Oracle) -> None:
    answer = lake.ask("Qual foi a vazão defluente de Aurora às 10h de 04/06/2024?")
    dataset = catalog()["dados-hidrologicos-ho"]
    metric = next(m for m in dataset.questions.metrics if m.id == "hourly_outflow")
    values = oracle.values(Case(dataset, metric, "", "mean", "plant"))
    assert answer.value == pytest.approx(values[pd.Timestamp("2024-06-04 10:00")], abs=1e-6)
    daily = lake.ask("Qual foi a vazão defluente média de Aurora em 2023?")
    assert daily.dataset == "dados-hidrologicos-res"


def test_enough_is_asked() -> None:
    assert len(ASKED) >= 150
    assert len({case.dataset.dataset for case in ASKED}) >= 25
    assert {case.how for case in ASKED} >= {"mean", "max", "min", "when", "last", "count", "plants"}
