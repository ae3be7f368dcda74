"""The same questions of the store and of the lake: the same answers, and none lost with the store.

What is right is asked in test_questions.py; here every answer from InfluxDB is held against the
lake's own, word for word.
"""

from __future__ import annotations

import math
import threading
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from influx import Influx
from ons_local.influxd import InfluxServer
from ons_platform.lake.ledgers import open_ledger
from ons_platform.questions.answer import Answer
from ons_platform.questions.engines.store import InfluxPlans
from ons_platform.timeseries.bootstrap import ENDLESS, Tokens, bootstrap
from ons_platform.timeseries.breaker import Breaker
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.held import HeldStore
from ons_platform.timeseries.loading.catchup import CaughtUp, catch_up
from ons_platform.timeseries.loading.opening import open_loader
from ons_platform.timeseries.loading.pending import files_of_knowledge

pytestmark = pytest.mark.influxdb
HERE = Path(__file__).parent
SAMPLES = HERE.parents[1] / "samples"
CASES = yaml.safe_load((HERE / "question_cases.yaml").read_text(encoding="utf-8"))
QUESTIONS = [case["ask"][0] for case in CASES]
LOAD = "Qual foi a carga média do Sul em março de 2023?"
ORG = "questions"


class Stored:
    """A lake and a store with the same rows."""

    def __init__(self, lake: Any, url: str, tokens: Tokens) -> None:
        self.lake = lake
        self.url, self.tokens = url, tokens
        self.settings = lake.settings.model_copy(
            update={"influxdb_url": url, "influxdb_token": tokens.write, "influxdb_org": ORG}
        )
        self.plans = self.plans_with(Breaker())

    def plans_with(self, breaker: Breaker) -> InfluxPlans:
        client = InfluxClient(self.url, self.tokens.read, ORG, breaker=breaker, timeout=5.0)
        return InfluxPlans(client, HeldStore(self.lake.storage), lambda: datetime.now(UTC))

    def load(self) -> CaughtUp:
        with closing(open_ledger(self.settings.ledger_url)) as ledger:
            loader = open_loader(self.settings, ledger)
            assert loader is not None
            known = self.lake.knowledge.snapshot()
            files = {slug: files_of_knowledge(item) for slug, item in known.items()}
            return catch_up(loader, files, has_time=lambda: True)

    def ask(self, question: str) -> Answer:
        return self.lake.ask(question, store=self.plans)


@pytest.fixture(scope="module")
def stored(question_lake: Any, influx_server: Influx) -> Stored:
    tokens = bootstrap(
        influx_server.url,
        ORG,
        operator_token=influx_server.operator_token,
        retention_seconds=ENDLESS,
    )
    found = Stored(question_lake(sorted(SAMPLES.glob("*.csv"))), influx_server.url, tokens)
    done = found.load()
    assert (done.queued, done.failed, done.reason) == ([], [], None)
    return found


def alike(one: Any, other: Any) -> bool:
    """Equal, numbers to nine digits."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return bool(one == other)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_store_answers_as_the_lake_does(stored: Stored, question: str) -> None:
    lake, store = stored.lake.ask(question), stored.ask(question)
    assert store.notices == ()
    same = {"engine": lake.engine, "query_language": lake.query_language}
    told = replace(store, **same, query_used=lake.query_used, value=lake.value,
                   time_series_data=lake.time_series_data)  # fmt: skip
    assert told == lake
    assert alike(store.value, lake.value), (store.value, lake.value)
    assert alike(store.time_series_data, lake.time_series_data)


def test_most_questions_are_answered_in_flux(stored: Stored) -> None:
    answer = stored.ask(LOAD)
    assert (answer.engine, answer.query_language) == ("influxdb", "flux")
    assert str(answer.query_used).startswith('from(bucket: "consumption_data")')
    engines = [stored.ask(question).engine for question in QUESTIONS[::5]]
    assert engines.count("influxdb") > len(engines) / 2


def test_what_the_store_holds_outdated_is_answered_from_the_lake(stored: Stored) -> None:
    held = HeldStore(stored.lake.storage)
    march = "dataset=consumption/year=2023/month=03"
    before = held.get("curva-carga").partitions[march]
    held.put("curva-carga", march, replace(before, etag="another"))
    assert stored.ask(LOAD).engine == "duckdb"
    assert stored.ask(LOAD.replace("março", "abril")).engine == "influxdb"
    held.put("curva-carga", march, before)
    assert stored.ask(LOAD).engine == "influxdb"


@pytest.fixture
def own(question_lake: Any, influx_process: InfluxServer) -> Stored:
    """A store whose server this test may stop and freeze."""
    tokens = bootstrap(
        influx_process.url,
        ORG,
        operator_token=influx_process.operator_token,
        retention_seconds=ENDLESS,
    )
    found = Stored(question_lake([SAMPLES / "CURVA_CARGA_2023.csv"]), influx_process.url, tokens)
    found.plans = found.plans_with(Breaker(failures=2, seconds=0.5))
    found.load()
    return found


def test_nobody_notices_when_the_store_stops_but_for_the_notice(
    own: Stored, influx_process: InfluxServer
) -> None:
    before = own.ask(LOAD)
    influx_process.stop()
    during = [own.ask(LOAD) for _ in range(5)]
    influx_process.start()
    time.sleep(0.6)
    after = own.ask(LOAD)
    assert {answer.engine for answer in during} == {"duckdb"}
    assert all(alike(answer.value, before.value) for answer in (*during, after))
    assert all("InfluxDB" in answer.notices[0] for answer in during)
    assert (before.engine, after.engine, after.notices) == ("influxdb", "influxdb", ())


def test_a_frozen_store_under_load_costs_no_answer(
    own: Stored, influx_process: InfluxServer
) -> None:
    wanted = own.ask(LOAD).value
    answers: list[Answer] = []
    stop = threading.Event()

    def keep_asking() -> None:
        while not stop.is_set():
            answers.append(own.ask(LOAD))

    threads = [threading.Thread(target=keep_asking) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    influx_process.pause()
    time.sleep(7)
    frozen = len(answers)
    influx_process.resume()
    time.sleep(2)
    stop.set()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert {answer.status for answer in answers} == {"answered"}
    assert all(alike(answer.value, wanted) for answer in answers)
    assert any(answer.engine == "duckdb" for answer in answers[:frozen])
    assert answers[-1].engine == "influxdb"
