"""Questions asked of a lake built from real files by the real pipeline.

What is right was computed with pandas from the raw files (`Oracle`), not by the code under test:
question_cases.yaml says what and in how many ways it is asked, question_declined.yaml holds
questions that no number may be given for.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from ons_platform.catalog.registry import catalog
from ons_platform.questions.answer import Answer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SAMPLES = ROOT / "samples"
SHARED = ROOT.parent / "shared"
CASES = yaml.safe_load((HERE / "question_cases.yaml").read_text(encoding="utf-8"))
DECLINED = yaml.safe_load((HERE / "question_declined.yaml").read_text(encoding="utf-8"))


Expect = dict[str, Any]
_SOURCES = {
    "hydro": "val_gerhidraulica",
    "thermal": "val_gertermica",
    "wind": "val_gereolica",
    "solar": "val_gersolar",
}
_FOUR = ["SE", "S", "NE", "N"]
_FACTORS = {"MWmed": 1.0, "MWh": 1.0, "GWh": 1e3, "TWh": 1e6, "R$/MWh": 1.0}


class Oracle:
    """The raw files as frames: one column per subsystem, Brasília civil index."""

    def __init__(self, folder: Path) -> None:
        self.curva = self._read(folder / "CURVA_CARGA_2023.csv").pivot(
            index="din_instante", columns="id", values="val_cargaenergiahomwmed"
        )
        self.daily = self._read(folder / "CARGA_ENERGIA_2023.csv").pivot(
            index="din_instante", columns="id", values="val_cargaenergiamwmed"
        )
        self.cmo = self._read(folder / "CMO_SEMIHORARIO_2022.csv").pivot(
            index="din_instante", columns="id", values="val_cmo"
        )
        self.weekly = self._read(folder / "CMO_SEMANAL_2024.csv").pivot(
            index="din_instante", columns="id", values="val_cmomediasemanal"
        )
        self.balanco = self._read(folder / "BALANCO_ENERGIA_SUBSISTEMA_2023.csv")
        units = pd.read_csv(folder / "CAPACIDADE_GERACAO.csv", sep=";")
        self.units = units[units["dat_desativacao"].isna()]
        self.reservoirs = pd.read_csv(
            folder / "DADOS_HIDROLOGICOS_RES_2025.csv", sep=";", parse_dates=["din_instante"]
        )

    @staticmethod
    def _read(path: Path) -> pd.DataFrame:
        frame = pd.read_csv(path, sep=";", parse_dates=["din_instante"])
        frame = frame.rename(columns={frame.columns[0]: "id"})
        return frame.assign(id=frame["id"].str.strip())

    def __call__(self, expect: Expect) -> Any:
        return getattr(self, f"_{expect['op']}")(expect)

    def frame(self, data: str) -> pd.DataFrame:
        """Values by instant (rows) and subsystem (columns)."""
        kind, _, what = data.partition(".")
        if kind == "curva":
            return self.curva.assign(SIN=self.curva[_FOUR].sum(axis=1, skipna=False))
        if kind == "daily":
            return self.daily
        if kind == "cmo":
            return self.cmo
        columns = (
            list(_SOURCES.values())
            if what in {"all", ""}
            else [_SOURCES.get(what, "val_intercambio")]
        )
        values = self.balanco.assign(v=self.balanco[columns].sum(axis=1))
        return values.pivot(index="din_instante", columns="id", values="v")

    def series(self, expect: Expect, region: str | None = None) -> pd.Series:
        frame = self.frame(expect["data"])
        if "from" in expect:
            start, end = pd.Timestamp(expect["from"]), pd.Timestamp(expect["to"])
            frame = frame[(frame.index >= start) & (frame.index < end)]
        if "hours" in expect:
            frame = frame[frame.index.hour.isin(expect["hours"])]
        return frame[region or expect["region"]].dropna()

    def _mean(self, expect: Expect) -> float:
        return self.series(expect).mean()

    _hours = _mean

    def _energy(self, expect: Expect) -> float:
        return self.series(expect).sum() / _FACTORS[expect["unit"]]

    def _max(self, expect: Expect) -> float:
        return self.series(expect).max()

    def _min(self, expect: Expect) -> float:
        return self.series(expect).min()

    def _max_day(self, expect: Expect) -> float:
        return self.series(expect).resample("D").mean().max()

    def _when_max(self, expect: Expect) -> str:
        return f"{self.series(expect).idxmax():%Y-%m-%dT%H:%M:%S}-03:00"

    def _when_min(self, expect: Expect) -> str:
        return f"{self.series(expect).idxmin():%Y-%m-%dT%H:%M:%S}-03:00"

    def _best_bucket(self, expect: Expect) -> str:
        pattern = {"day": "%Y-%m-%d", "month": "%Y-%m"}[expect["bucket"]]
        values = self.series(expect)
        means = values.groupby(values.index.strftime(pattern)).mean()
        return means.idxmax() if expect["best"] == "max" else means.idxmin()

    def _best_hour(self, expect: Expect) -> int:
        values = self.series(expect)
        means = values.groupby(values.index.hour).mean()
        return int(means.idxmax() if expect["best"] == "max" else means.idxmin())

    def _share(self, expect: Expect) -> float:
        return (
            100 * self.series(expect).sum() / self.series({**expect, "data": "balanco.all"}).sum()
        )

    def _share_region(self, expect: Expect) -> float:
        return 100 * self.series(expect).sum() / self.series(expect, "SIN").sum()

    def _best_share_month(self, expect: Expect) -> str:
        part, whole = self.series(expect), self.series({**expect, "data": "balanco.all"})
        months = part.index.strftime("%Y-%m")
        return (part.groupby(months).sum() / whole.groupby(months).sum()).idxmax()

    def _mix(self, expect: Expect) -> dict[str, float]:
        sums = {name: self.series({**expect, "data": f"balanco.{name}"}).sum() for name in _SOURCES}
        return {name: 100 * value / sum(sums.values()) for name, value in sums.items()}

    def _by_region(self, expect: Expect) -> dict[str, float]:
        return {region: getattr(self.series(expect, region), expect["how"])() for region in _FOUR}

    def _best_region(self, expect: Expect) -> str:
        values = self._by_region(expect)
        return (max if expect["best"] == "max" else min)(values, key=lambda region: values[region])

    def _series(self, expect: Expect) -> dict[str, float]:
        pattern = {"day": "%Y-%m-%d", "month": "%Y-%m"}[expect["bucket"]]
        values = self.series(expect)
        groups = values.groupby(values.index.strftime(pattern))
        found = (
            groups.mean() if expect["how"] == "mean" else groups.sum() / _FACTORS[expect["unit"]]
        )
        return found.to_dict()

    def _ramp(self, expect: Expect) -> float:
        return self.series(expect).diff().max()

    def _pair(self, expect: Expect, region: str) -> tuple[float, float]:
        first, second = (
            self.series({**expect, "from": start, "to": end}, region).mean()
            for start, end in (expect["a"], expect["b"])
        )
        return first, second

    def _change(self, expect: Expect) -> dict[str, float]:
        first, second = self._pair(expect, expect["region"])
        return {
            str(expect["a"][0])[:7]: first,
            str(expect["b"][0])[:7]: second,
            "variacao": second - first,
            "variacao_percentual": 100 * (second - first) / first,
        }

    def _change_percent(self, expect: Expect) -> float:
        first, second = self._pair(expect, expect["region"])
        return 100 * (second - first) / first

    def _best_growth(self, expect: Expect) -> str:
        changes = {}
        for region in _FOUR:
            first, second = self._pair(expect, region)
            changes[region] = second / first
        return max(changes, key=lambda region: changes[region])

    def _fall(self, expect: Expect) -> float:
        values = self.frame(expect["data"])[expect["region"]]
        return values[pd.Timestamp(expect["a"])] - values[pd.Timestamp(expect["b"])]

    def _at(self, expect: Expect) -> float:
        return self.frame(expect["data"])[expect["region"]][pd.Timestamp(expect["at"])]

    def _latest(self, expect: Expect) -> float:
        return self.series(expect).iloc[-1]

    def _two_regions(self, expect: Expect) -> dict[str, float]:
        return {region: self.series(expect, region).mean() for region in expect["regions"]}

    def _two_sources(self, expect: Expect) -> dict[str, float]:
        return {
            name: self.series({**expect, "data": f"balanco.{name}"}).mean()
            for name in expect["sources"]
        }

    def _count(self, expect: Expect) -> int:
        values = self.series(expect)
        return int(
            (values > expect["above"]).sum()
            if "above" in expect
            else (values < expect["below"]).sum()
        )

    def _count_days(self, expect: Expect) -> int:
        return int((self.series(expect).resample("D").mean() > expect["above"]).sum())

    def _spread(self, expect: Expect) -> int:
        first, second = (self.series(expect, region) for region in expect["regions"])
        return int(((first - second).abs() > expect["above"]).sum())

    def _max_any(self, expect: Expect) -> float:
        return max(self.series(expect, region).max() for region in _FOUR)

    def _weekly_mean(self, expect: Expect) -> float:
        frame = self.weekly[
            (self.weekly.index >= str(expect["from"])) & (self.weekly.index < str(expect["to"]))
        ]
        return frame[expect["region"]].mean()

    def _weekly_at(self, expect: Expect) -> float:
        return self.weekly[expect["region"]][pd.Timestamp(expect["day"])]

    def _best_region_weekly(self, _: Expect) -> str:
        return self.weekly.mean().idxmax()

    def _direction(self, expect: Expect) -> set[str]:
        exported = self.series({**expect, "data": "balanco.exchange"}).sum() > 0
        return {"exportação", "export"} if exported else {"importação", "import"}

    def _units(self, expect: Expect) -> pd.DataFrame:
        rows = self.units
        if "source" in expect:
            rows = rows[rows["nom_tipousina"] == expect["source"]]
        if "state" in expect:
            rows = rows[rows["id_estado"] == expect["state"]]
        if "plant" in expect:
            rows = rows[rows["nom_usina"].str.contains(expect["plant"])]
        return rows

    def _capacity(self, expect: Expect) -> float:
        return self._units(expect)["val_potenciaefetiva"].sum()

    def _count_units(self, expect: Expect) -> int:
        return len(self._units(expect))

    def _units_and_power(self, expect: Expect) -> list[float]:
        return [len(self._units(expect)), self._capacity(expect)]

    def _by_capacity(self, expect: Expect) -> pd.Series:
        return (
            self._units(expect)
            .groupby(expect["by"])["val_potenciaefetiva"]
            .sum()
            .sort_values(ascending=False)
        )

    def _best_capacity(self, expect: Expect) -> str:
        return self._by_capacity(expect).index[0]

    def _top_capacity(self, expect: Expect) -> dict[str, float]:
        return self._by_capacity(expect).head(expect["n"]).to_dict()

    def _capacity_by(self, expect: Expect) -> dict[str, float]:
        return self._by_capacity(expect).to_dict()

    def _reservoir(self, expect: Expect) -> float:
        rows = self._reservoir_rows(expect)
        return getattr(
            rows[rows["nom_reservatorio"] == expect["name"]][expect["column"]], expect["how"]
        )()

    def _reservoir_rows(self, expect: Expect) -> pd.DataFrame:
        rows = self.reservoirs
        start, end = pd.Timestamp(expect["from"]), pd.Timestamp(expect["to"])
        return rows[(rows["din_instante"] >= start) & (rows["din_instante"] < end)]

    def _ranked_reservoirs(self, expect: Expect) -> pd.Series:
        values = self._reservoir_rows(expect).groupby("nom_reservatorio")[expect["column"]].mean()
        return values.sort_values(ascending=False)

    def _top_reservoir(self, expect: Expect) -> dict[str, float]:
        return self._ranked_reservoirs(expect).head(expect["n"]).to_dict()

    def _best_reservoir(self, expect: Expect) -> str:
        return self._ranked_reservoirs(expect).index[0]

    def _matching_reservoirs(self, expect: Expect) -> dict[str, float]:
        rows = self.reservoirs[self.reservoirs["din_instante"] == pd.Timestamp(expect["day"])]
        return (
            rows[rows[expect["column"]] < expect["below"]]
            .set_index("nom_reservatorio")[expect["column"]]
            .to_dict()
        )

    def _last(self, _: Expect) -> str:
        return f"{self.curva.index.max():%Y-%m-%dT%H:%M:%S}-03:00"

    def _last_day(self, _: Expect) -> str:
        return f"{self.weekly.index.max():%Y-%m-%d}"


def same(got: Any, want: Any) -> bool:
    """Equal, numbers within a millionth; a set holds the words either language may use."""
    if isinstance(want, set):
        return got in want
    if isinstance(want, dict):
        numbers = isinstance(got, dict) and sorted(got.values()), sorted(want.values())
        named = isinstance(got, dict) and (
            set(got) == {str(key) for key in want} or {"change", "change_percent"} <= set(got)
        )
        return named and all(map(same, *numbers)) and len(got) == len(want)
    if isinstance(want, list):
        return isinstance(got, dict) and all(map(same, got.values(), want))
    if isinstance(want, str) or isinstance(got, str | dict) or got is None:
        return got == want
    return math.isclose(got, want, rel_tol=1e-6, abs_tol=1e-6)


@pytest.fixture(scope="module")
def samples(question_lake: Any) -> Any:
    return question_lake(sorted(SAMPLES.glob("*.csv")))


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    return Oracle(SAMPLES)


@pytest.mark.parametrize(
    ("expect", "question"),
    [(case["expect"], question) for case in CASES for question in case["ask"]],
    ids=[question for case in CASES for question in case["ask"]],
)
def test_answers_what_pandas_finds_in_the_raw_files(
    samples: Any, oracle: Oracle, expect: Expect, question: str
) -> None:
    answer = samples.ask(question)
    assert answer.status == "answered", answer.answer
    assert same(answer.value, oracle(expect)), (answer.value, oracle(expect), answer.answer)
    if "unit" in expect:
        assert answer.unit == expect["unit"]
    assert answer.sources
    assert 0.5 <= answer.confidence_score <= 1


REGIONS = {"SE": ("Sudeste", "Southeast"), "S": ("Sul", "South")}
REGIONS |= {"NE": ("Nordeste", "Northeast"), "N": ("Norte", "North")}
MONTHS = ("janeiro January", "fevereiro February", "março March", "abril April")
MONTHS += ("maio May", "junho June", "julho July", "agosto August")
GRID = [
    ("Qual foi a carga média do {} em {} de 2023?", 0, {"op": "mean", "data": "curva.load"}),
    ("What was the peak load of the {} in {} 2023?", 1, {"op": "max", "data": "curva.load"}),
    ("Quanto o {} gerou de energia eólica em {} de 2023, em GWh?", 0,
     {"op": "energy", "data": "balanco.wind", "unit": "GWh"}),
    ("What was the solar share of generation in the {} in {} 2023?", 1,
     {"op": "share", "data": "balanco.solar"}),
    ("Em que dia a carga média do {} foi menor em {} de 2023?", 0,
     {"op": "best_bucket", "bucket": "day", "data": "curva.load", "best": "min"}),
    ("At what hour of the day was the average load of the {} highest in {} 2023?", 1,
     {"op": "best_hour", "data": "curva.load", "best": "max"}),
    ("Maior rampa horária da carga do {} em {} de 2023", 0, {"op": "ramp", "data": "curva.load"}),
    ("How many hours in {1} 2023 had a {0} load above 12,000 MW?", 1,
     {"op": "count", "data": "curva.load", "above": 12_000}),
]  # fmt: skip


@pytest.mark.parametrize("month", range(1, 9))
@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(("wording", "language", "expect"), GRID)
def test_the_same_question_of_every_region_and_month(
    samples: Any,
    oracle: Oracle,
    wording: str,
    language: int,
    expect: Expect,
    region: str,
    month: int,
) -> None:
    question = wording.format(REGIONS[region][language], MONTHS[month - 1].split()[language])
    span = {"from": f"2023-{month:02d}-01", "to": f"2023-{month + 1:02d}-01", "region": region}
    answer = samples.ask(question)
    assert same(answer.value, oracle(expect | span)), (question, answer)


@pytest.mark.parametrize("question", DECLINED)
def test_gives_no_number_for_what_it_does_not_understand_or_hold(
    samples: Any, question: str
) -> None:
    answer = samples.ask(question)
    assert answer.status in {"out_of_scope", "needs_clarification", "no_data"}, answer.answer
    assert answer.value is None
    assert answer.suggestions


@pytest.mark.parametrize("language", ["pt", "en"])
def test_suggestions_work(samples: Any, language: Any) -> None:
    suggested = samples.ask("xyz abc", language=language).suggestions
    assert len(suggested) == 3
    for question in suggested:
        assert samples.ask(question).status == "answered", question


def test_the_query_shown_is_the_query_that_ran(samples: Any) -> None:
    answer = samples.ask("Qual foi a carga máxima do Sudeste em 2023?")
    known = samples.knowledge.get("curva-carga")
    assert known is not None
    assert answer.query_used is not None
    files = [part["path"] for part in known.partitions]
    rows = samples.engine.rows(answer.query_used, [], {"curva_carga": files})
    assert rows[0]["value"] == answer.value


def test_says_what_it_left_out_and_how_far_the_data_go(samples: Any) -> None:
    question = "Qual foi a carga média do Nordeste em 2023 no balanço?"
    answer = samples.ask(question)
    assert answer.dataset == "balanco-energia-subsistema"
    assert answer.period == {
        "start": "2023-01-01T00:00:00-03:00",
        "end": "2023-09-20T00:00:00-03:00",
    }
    assert any("24 valores inconsistentes" in text for text in answer.assumptions)
    assert any("Cobertura parcial" in text for text in answer.assumptions)


def test_points_are_limited_and_say_so(samples: Any) -> None:
    answer = samples.ask("Mostre a carga média diária do Sul em 2023", max_points=10)
    assert len(answer.time_series_data) == 10
    assert answer.truncated


def test_a_series_comes_with_a_chart(samples: Any) -> None:
    answer = samples.ask("Carga média por mês do Sul em 2023", include_chart=True)
    assert answer.chart is not None
    assert answer.chart.kind == "line"
    assert len(answer.chart.labels) == 12
    ranking = samples.ask("Ranking dos subsistemas por carga média em 2023", include_chart=True)
    assert ranking.chart is not None
    assert ranking.chart.kind == "bar"


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)] + list(value)
    if isinstance(value, list | tuple):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _holds(answer: Answer, expected: Any) -> bool:
    """Every number and label of the expected answer is in the one given."""
    given = _leaves(answer.value) + _leaves(list(answer.time_series_data)) + [answer.answer]
    numbers = [item for item in given if isinstance(item, int | float)]
    text = re.sub(r"(?<=\d)T(?=\d)", " ", " ".join(str(item) for item in given))
    for leaf in _leaves(expected):
        if isinstance(leaf, int | float):
            month = isinstance(leaf, int) and re.search(rf"-0?{leaf}\b", text)
            if not month and not any(math.isclose(leaf, n, rel_tol=1e-5) for n in numbers):
                return False
        elif leaf not in _NAMES and str(leaf) not in text and str(leaf)[:5] not in text:
            return False
    return True


_NAMES = {"hora", "hour", "valor", "mes", "participacao", "queda", "dia", "instante", "MW"}
_NAMES |= {"subsistema", "unidades", "07:00", "09:00"}


def _judged(lake: Any, item: dict[str, Any]) -> str:
    answer = lake.ask(item["question"])
    if answer.status != "answered":
        return "declined"
    expected = [item[key] for key in ("answer", "answer_excluding_defect") if key in item]
    if not expected:
        return "no truth"
    if any(_holds(answer, value) for value in expected):
        return "right"
    return "other dataset" if answer.dataset != item["dataset"] else "wrong"


def _held(item: dict[str, Any]) -> bool:
    """True when the file that a question with an answer is about is there."""
    named = str(item.get("file", "")).split(",")[0].strip()
    return "answer" in item and bool(named) and bool(list((SHARED / "data").glob(named)))


@pytest.mark.shared
def test_development_questions(question_lake: Any, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (SHARED / "eval" / "questions_dev.jsonl").read_text(encoding="utf-8").splitlines()
    items = [json.loads(line) for line in lines]
    held = [item.dataset for item in catalog()]
    files = {name: sorted((SHARED / "data" / name).glob("[A-R]*.csv")) for name in held}
    lakes = {name: question_lake(paths) for name, paths in files.items() if paths}
    more = [
        *(SHARED / "data/_excerpts").glob("*_tail.csv"),
        *(SHARED / "data/ccee-pld").glob("*.csv"),
    ]
    everything = question_lake(
        [path for paths in (*files.values(), sorted(more)) for path in paths]
    )
    table: dict[str, dict[str, int]] = {"own": {}, "all": {}}
    wrong = []
    for item in items:
        own = lakes.get(item["dataset"], everything)
        for mode, lake in (("own", own), ("all", everything)):
            verdict = _judged(lake, item)
            table[mode][verdict] = table[mode].get(verdict, 0) + 1
            if verdict == "wrong" or (verdict == "declined" and _held(item)):
                wrong.append((mode, verdict, item["question"]))
    with capsys.disabled():
        print("\n", json.dumps(table), *wrong, sep="\n")
    assert not [entry for entry in wrong if entry[1] == "wrong"]
    assert not [entry for entry in wrong if entry[0] == "own"]
    assert table["own"]["right"] >= 33
