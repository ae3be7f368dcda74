from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest

from ons_platform.questions.engines.sql import Statement, bucket_sql, civil, columns_read, render
from ons_platform.questions.intent import Bucket
from ons_platform.questions.plan import QueryPlan
from ons_platform.questions.resolve import resolve


@pytest.fixture
def planned(understood: Any, held: Any) -> Any:
    regions = ("N", "NE", "S", "SE", "SIN")
    held.add("curva-carga", "2023-01-01", "2024-01-01")
    held.add("balanco-energia-subsistema", "2023-01-01", "2024-01-01", regions=regions)
    held.add("cmo-semi-horario", "2022-01-01", "2023-01-01", flagged={"missing": 3})

    def plan_question(question: str) -> QueryPlan:
        return resolve(understood(question), held).plan

    return plan_question


@pytest.fixture
def statement(planned: Any) -> Any:
    def render_question(question: str) -> Statement:
        return render(planned(question))

    return render_question


@pytest.mark.parametrize(
    "question",
    [
        "Qual foi a carga média do Sul em 2023?",
        "Qual foi a carga máxima do SIN em 2023?",
        "Qual a participação eólica na geração do Nordeste em 2023?",
        "Qual a participação do Sul na carga do SIN em 2023?",
        "Em que hora do dia a carga do Sul é maior em média em 2023?",
        "Carga média do Sul por semana em 2023",
        "Em quantas meias-horas de 2022 o CMO do Norte descolou do Sudeste em mais de R$ 1/MWh?",
        "Qual foi a maior rampa horária de carga do Sul em 2023?",
        "Compare a carga do Sul em maio de 2023 com junho de 2023",
        "Qual é a carga atual do Sul?",
        "Qual foi a importação média do Sul em 2023?",
        "Carga média do Sul na madrugada de 2023",
    ],
)
def test_statements_run_and_bind_every_value(statement: Any, question: str) -> None:
    rendered = statement(question)
    assert rendered.text.count("?") == len(rendered.parameters)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for table in ("curva_carga", "balanco_energia_subsistema", "cmo_semi_horario"):
            connection.execute(
                f"CREATE TABLE {table} (timestamp TIMESTAMPTZ, region VARCHAR, value DOUBLE,"
                " energy_source VARCHAR, measurement_type VARCHAR, quality_flag VARCHAR)"
            )
        bound = connection.execute(rendered.text, rendered.parameters).fetchall()
        assert connection.execute(rendered.readable).fetchall() == bound


def test_nothing_is_read_that_every_row_passes(statement: Any) -> None:
    text = statement("Qual foi a carga máxima do SIN em 2023?").text
    assert "region" not in text
    assert "measurement_type" not in text
    assert "quality_flag" not in text
    flagged = statement("Qual foi o CMO médio do Sul em 2022?").text
    assert "quality_flag NOT IN ('inconsistent')" in flagged


def test_flags_that_answers_neither_count_nor_leave_out_are_not_read(
    understood: Any, held: Any
) -> None:
    held.add("curva-carga", "2023-01-01", "2024-01-01", flagged={"ambiguous_hour": 4})
    question = understood("Qual foi a carga média do Sul em 2023?")
    assert "quality_flag" not in render(resolve(question, held).plan).text
    held.add("curva-carga", "2023-01-01", "2024-01-01", flagged={"missing": 1})
    assert "quality_flag" in render(resolve(question, held).plan).text


def test_the_year_of_an_instant_is_the_civil_one(understood: Any, held: Any) -> None:
    """At every half-hour of 30 years, with and without daylight saving time at New Year."""
    held.add("curva-carga", "2000-01-01", "2029-12-31")
    plan = resolve(understood("Em que ano a carga média do Sul foi menor?"), held).plan
    assert plan.bucket is Bucket.YEAR
    bucket = bucket_sql(plan)
    assert bucket is not None
    assert "timezone" not in bucket
    (window,) = plan.windows
    with duckdb.connect() as connection:
        (found,) = connection.execute(
            f"SELECT count(*), count(*) FILTER ({bucket} = date_trunc('year', {civil('t')}))"
            " FROM generate_series(?::TIMESTAMPTZ, ?::TIMESTAMPTZ, INTERVAL 30 MINUTE) AS g(t)",
            [window.start, window.end],
        ).fetchall()
    assert found[0] == found[1] > 500_000


def test_the_energy_of_a_month_counts_its_own_hours(understood: Any, held: Any) -> None:
    held.add("carga-mensal", "2023-01-01", "2024-01-01")
    question = understood("Quanta energia o Sul consumiu no primeiro trimestre de 2023?")
    rendered = render(resolve(question, held).plan)
    months = "generate_series(TIMESTAMP '2023-01-01', TIMESTAMP '2023-12-01', INTERVAL 1 MONTH)"
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE carga_mensal AS SELECT timezone('America/Sao_Paulo', m) AS timestamp,"
            f" 'S' AS region, 2.0 AS value, 'load' AS measurement_type FROM {months} AS g(m)"
        )
        found = connection.execute(f"SELECT value FROM ({rendered.text})", rendered.parameters)
        assert found.fetchall() == [(2 * 24 * (31 + 28 + 31),)]


def test_the_columns_read_are_those_named(planned: Any) -> None:
    def read(question: str) -> set[str]:
        plan = planned(question)
        return set(columns_read(plan, render(plan)))

    assert read("Qual foi a carga máxima do SIN em 2023?") == {"timestamp", "value"}
    assert read("Qual foi o CMO médio do Sul em 2022?") == {
        "region", "timestamp", "value", "quality_flag",
    }  # fmt: skip
    compared = "Compare a carga do Sul em maio de 2023 com junho de 2023"
    assert "period" in render(planned(compared)).text
    assert "period" not in read(compared)


def test_values_are_shown_as_literals_that_cannot_break_out() -> None:
    shown = Statement()
    shown.text = f"SELECT {shown.bind(chr(39) + '; DROP TABLE x')}, {shown.bind(2.5)}"
    assert shown.readable == "SELECT '''; DROP TABLE x', 2.5"


def test_the_instant_of_a_greatest_ratio_is_one_that_has_a_ratio(planned: Any, held: Any) -> None:
    held.add("ear-diario-por-subsistema", "2023-01-01", "2024-01-01")
    made = planned("Qual foi a energia armazenada máxima do SIN em 2023?")
    assert made.ratio is not None
    rendered = render(made)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            "CREATE TABLE ear_diario_por_subsistema AS SELECT TIMESTAMPTZ '2023-05-01 03:00:00+00'"
            " + INTERVAL 1 DAY * day AS timestamp, region, kind AS measurement_type, 'ok' AS"
            " quality_flag, CASE WHEN day = 2 THEN 0 WHEN kind = 'stored_energy' THEN 5 - day"
            " ELSE 10 END AS value FROM range(3) AS d(day),"
            " unnest(['SE', 'S', 'NE', 'N']) AS r(region),"
            " unnest(['stored_energy', 'stored_energy_max']) AS k(kind)"
        )
        ((value, n, at),) = connection.execute(
            f'SELECT value, n, epoch("at") FROM ({rendered.text})', rendered.parameters
        ).fetchall()
    assert (value, n) == (50.0, 3)
    assert at == datetime(2023, 5, 1, 3, tzinfo=UTC).timestamp()
