"""A dataset nobody knew: one YAML, one file, and questions about it in both languages (issue 4)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

YAML = """
dataset: vento-estacao
title: {pt: Vento medido em estações, en: Wind measured at stations}
description:
  pt: Velocidade do vento a 100 m, medida a cada hora por estação anemométrica.
  en: Wind speed at 100 m, measured each hour per anemometric station.
url: https://example.org/vento-estacao
kind: series
dataset_type: operation
grain: PT1H
files:
  patterns: ['VENTO_ESTACAO_{YYYY}']
time: {column: din_medicao, kind: local_instant, label: start}
columns:
  - {name: din_medicao, type: instant, role: time}
  - {name: id_subsistema, type: string, role: region}
  - {name: id_estado, type: string, role: state}
  - {name: nom_estacao, type: string, role: entity_name}
  - {name: tip_sensor, type: string, role: attribute}
  - {name: val_velocidade, type: number, role: measure}
  - {name: val_rajada, type: number, role: measure}
measures:
  - {column: val_velocidade, measurement_type: wind_speed_100m, unit: m/s, valid: [0, 60]}
  - {column: val_rajada, measurement_type: gust_speed, unit: m/s, valid: [0, 90]}
key: [timestamp, region, state, entity_name, tip_sensor, measurement_type]
influxdb:
  bucket: operation_data
  fields: {wind_speed_100m: wind_100m_ms, gust_speed: gust_ms}
questions:
  names:
    pt: [vento das estacoes, dados anemometricos]
    en: [station wind, anemometric data]
  metrics:
    - id: wind_speed_100m
      measurement_type: wind_speed_100m
      title: {pt: velocidade do vento a 100 metros, en: wind speed at 100 metres}
      names:
        pt: [vento a 100 metros, velocidade a 100 metros]
        en: [wind at 100 metres, wind speed at 100 metres]
      unit: m/s
      by_plant: true
      by_state: true
    - id: gust_speed
      measurement_type: gust_speed
      title: {pt: rajada de vento, en: wind gust}
      names: {pt: [rajada, rajadas], en: [gust, gusts, wind gust]}
      unit: m/s
      by_plant: true
      by_state: true
  filters:
    - column: tip_sensor
      values:
        - value: SON
          title: {pt: de sensor sônico, en: of sonic sensors}
          names: {pt: [sensor sonico, de sensor sonico, sonico], en: [sonic sensor, sonic]}
        - value: COP
          title: {pt: de sensor de copo, en: of cup sensors}
          names: {pt: [sensor de copo, de copo], en: [cup sensor]}
"""
STATIONS = (("NE", "BA", "Caetité Alta", "SON"), ("S", "RS", "Lagoa Clara", "COP"))


def measured() -> pd.DataFrame:
    """Two stations, every hour of May and June 2025, no two values alike."""
    hours = pd.date_range("2025-05-01", "2025-06-30 23:00", freq="h")
    frames = []
    for number, (region, state, name, sensor) in enumerate(STATIONS):
        wave = [8 + number + 4 * math.sin(0.37 * hour + number) for hour in range(len(hours))]
        speed = pd.Series(wave).round(3)
        frames.append(
            pd.DataFrame(
                {
                    "din_medicao": hours, "id_subsistema": region, "id_estado": state,
                    "nom_estacao": name, "tip_sensor": sensor, "val_velocidade": speed,
                    "val_rajada": (speed * 1.5 + number).round(3),
                }
            )
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return measured()


@pytest.fixture(scope="module")
def asked(
    frame: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory, starter: Callable[..., Any]
) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Asks a platform whose only new thing is a YAML in a folder, and a file that was uploaded."""
    folder: Path = tmp_path_factory.mktemp("new")
    (folder / "vento-estacao.yaml").write_text(YAML, encoding="utf-8")
    frame.to_csv(folder / "VENTO_ESTACAO_2025.csv", sep=";", index=False)
    platform = starter(folder / "data", ONS_CATALOG_DIR=str(folder)).start()
    assert platform.upload(folder / "VENTO_ESTACAO_2025.csv")["status"] == "completed"
    with platform.http() as http:

        def ask(question: str) -> dict[str, Any]:
            return dict(http.post("/query", json={"question": question}).json())

        yield ask
    platform.stop()


def station(frame: pd.DataFrame, name: str, month: int | None = None) -> pd.DataFrame:
    rows = frame[frame["nom_estacao"] == name]
    return rows if month is None else rows[rows["din_medicao"].dt.month == month]


def test_by_the_name_of_the_quantity(asked: Any, frame: pd.DataFrame) -> None:
    high, low = (station(frame, item[2], 5)["val_velocidade"] for item in STATIONS)
    for question, value in (
        ("Qual foi o vento a 100 metros médio em Caetité Alta em maio de 2025?", high.mean()),
        ("What was the average wind speed at 100 metres at Lagoa Clara in May 2025?", low.mean()),
        ("What was the maximum wind at 100 metres at Caetité Alta in May 2025?", high.max()),
        ("Qual foi a velocidade a 100 metros mínima em Lagoa Clara em maio de 2025?", low.min()),
    ):
        answer = asked(question)
        assert answer["status"] == "answered", answer
        assert answer["value"] == pytest.approx(value, abs=1e-6), question
        assert (answer["unit"], answer["dataset"]) == ("m/s", "vento-estacao")


def test_instants_series_rankings_and_counts(asked: Any, frame: pd.DataFrame) -> None:
    june = station(frame, "Lagoa Clara", 6).set_index("din_medicao")["val_rajada"]
    when = asked("Quando foi a rajada máxima em Lagoa Clara em junho de 2025?")
    assert when["value"] == f"{june.idxmax():%Y-%m-%dT%H:%M:%S}-03:00"
    days = asked("Daily average gust at Lagoa Clara in June 2025, by day")
    assert days["value"] == pytest.approx(
        {f"{day:%Y-%m-%d}": value for day, value in june.resample("D").mean().items()}, abs=1e-6
    )
    ranked = asked("Ranking das estações por rajada em junho de 2025")
    means = frame[frame["din_medicao"].dt.month == 6].groupby("nom_estacao")["val_rajada"].mean()
    assert ranked["value"] == pytest.approx(means.to_dict(), abs=1e-6)
    above = asked("In how many hours of June 2025 was the gust at Lagoa Clara above 15 m/s?")
    assert above["value"] == int((june > 15).sum())


def test_by_the_name_of_the_dataset(asked: Any, frame: pd.DataFrame) -> None:
    last = asked("Até quando vão os dados anemométricos?")
    assert last["value"] == "2025-06-30T23:00:00-03:00"
    value = station(frame, "Caetité Alta", 6)["val_rajada"].mean()
    for question in (
        "Nos dados anemométricos, qual foi a rajada média em Caetité Alta em junho de 2025?",
        "In the anemometric data, what was the average gust at Caetité Alta in June 2025?",
        "Qual foi a rajada média em Caetité Alta em junho de 2025, no vento-estacao?",
    ):
        answer = asked(question)
        assert answer["value"] == pytest.approx(value, abs=1e-6), answer


def test_by_what_its_filters_name(asked: Any, frame: pd.DataFrame) -> None:
    value = station(frame, "Caetité Alta", 6)["val_rajada"].max()
    for question in (
        "Qual estação com sensor sônico teve a maior rajada em junho de 2025?",
        "Which station with a sonic sensor had the highest gust in June 2025?",
    ):
        answer = asked(question)
        assert answer["value"] == "Caetité Alta", answer
    answer = asked("Qual foi a rajada máxima em Caetité Alta de sensor sônico em junho de 2025?")
    assert answer["value"] == pytest.approx(value)
    assert (
        asked("What was the maximum gust at Lagoa Clara of a sonic sensor?")["status"] == "no_data"
    )
