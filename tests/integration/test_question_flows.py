"""Exchange between two places, schedules, ratios of sums, reasons of curtailment and revisions."""

# ruff: noqa: E501 - a case is a line: question, value, unit

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.timeseries.sqlguard import guard

_NATIONAL = (
    "din_instante;id_subsistema_origem;nom_subsistema_origem;id_subsistema_destino;"
    "nom_subsistema_destino;val_intercambiomwmed;val_intercambioprogmwmed"
)
_COFF = (
    "id_subsistema;nom_subsistema;id_estado;nom_estado;nom_usina;id_ons;ceg;din_instante;"
    "val_geracao;val_geracaolimitada;val_disponibilidade;val_geracaoreferencia;"
    "val_geracaoreferenciafinal;cod_razaorestricao;cod_origemrestricao"
)
_CVU = (
    "dat_iniciosemana;dat_fimsemana;ano_referencia;mes_referencia;num_revisao;"
    "nom_semanaoperativa;cod_usinaplanejamento;id_subsistema;nom_subsistema;nom_usina;val_cvu"
)


def national() -> str:
    """An afternoon in which N-NE is held one way and then the other; N-SE is far larger."""
    lines = [_NATIONAL]
    for hour in range(12, 18):
        value = 1000 + 100 * hour
        pair = "N;N;NE;NE" if hour < 15 else "NE;NE;N;N"
        sign = 1 if hour < 15 else -1
        lines.append(f"2023-07-01 {hour}:00:00;{pair};{sign * value};{sign * (value - 30)}")
        lines.append(f"2023-07-01 {hour}:00:00;N;N;SE;SE;{90000 // hour};")
    return "\n".join(lines) + "\n"


def abroad() -> str:
    """Argentina: 24 hours of export, then 24 of a smaller import; Uruguay: import."""
    lines = ["din_instante;nom_paisdestino;val_intercambiomwmed;val_intercambioprogmwmed"]
    for day, value in ((1, 500.0), (2, -200.0)):
        for hour in range(24):
            at = f"2024-03-{day:02d} {hour:02d}:00:00"
            lines.append(f"{at}; ARGENTINA ;{value};{value - 20}")
            lines.append(f"{at};URUGUAI;-50;-40")
    return "\n".join(lines) + "\n"


def stored(year: int) -> str:
    header = "id_subsistema;nom_subsistema;ear_data;ear_max_subsistema;"
    lines = [header + "ear_verif_subsistema_mwmes;ear_verif_subsistema_percentual"]
    for day, share in ((1, 0.5), (2, 0.4)):
        for region, most in (("SE", 200000), ("S", 20000), ("NE", 50000), ("N", 15000)):
            part = share if region == "SE" else 0.9
            row = f"{region};X;{year}-05-{day:02d};{most};{most * part};{100 * part}"
            lines.append(row)
    return "\n".join(lines) + "\n"


def inflow() -> str:
    header = "id_subsistema;nom_subsistema;ena_data;ena_bruta_regiao_mwmed;"
    lines = [
        header + "ena_bruta_regiao_percentualmlt;ena_armazenavel_regiao_mwmed;"
        "ena_armazenavel_regiao_percentualmlt"
    ]
    for region, mlt, percent in (("SE", 40000, 50), ("S", 10000, 200), ("NE", 8000, 80)):
        value = mlt * percent / 100
        lines.append(f"{region};X;2025-05-01;{value};{percent};{value / 2};{percent / 2}")
    lines.append("N;X;2025-05-01;12000;120;6000;60")
    return "\n".join(lines) + "\n"


def factors() -> str:
    header = (
        "id_subsistema;nom_subsistema;id_estado;nom_estado;cod_pontoconexao;nom_pontoconexao;"
        "nom_localizacao;val_latitudesecoletora;val_longitudesecoletora;"
        "val_latitudepontoconexao;val_longitudepontoconexao;nom_modalidadeoperacao;nom_tipousina;"
        "nom_usina_conjunto;id_ons;ceg;din_instante;val_geracaoprogramada;val_geracaoverificada;"
        "val_capacidadeinstalada;val_fatorcapacidade"
    )
    lines = [header]
    plants = (("Conj. Grande", "BA", 1000, 200), ("Conj. Pequeno", "RN", 100, 80))
    for hour in range(24):
        for plant, state, capacity, power in plants:
            now = power + hour
            lines.append(
                f"NE;X;{state};Y;P{state};P;Interior;1;1;1;1;Conjunto;Eólica;{plant};I{state};-;"
                f"2025-05-01 {hour:02d}:00:00;{now + 10};{now};{capacity};{now / capacity}"
            )
    return "\n".join(lines) + "\n"


def curtailed(plants: tuple[str, ...], cut: float) -> str:
    """A day with half hours limited for each reason in turn; each half hour loses `cut` MW."""
    lines = [_COFF]
    reasons = {16: "CNF;SIS", 17: "CNF;LOC", 18: "ENE;SIS", 19: "REL;SIS", 20: "PAR;LOC"}
    for number, plant in enumerate(plants, start=1):
        for half in range(48):
            at = f"2026-10-05 {half // 2:02d}:{half % 2 * 30:02d}:00"
            why = f"100;300;{100 + cut * number};;{reasons[half]}" if half in reasons else ";;;;;"
            lines.append(f"NE;X;BA;Y;{plant};CJU{number};-;{at};100;{why}")
    return "\n".join(lines) + "\n"


def costs() -> str:
    """Two weeks; the second with two revisions. ALFA becomes dearer, BETA cheaper."""
    week = "{};{};2026;9;{};PMO;{};SE;X;{};{}"
    rows = [
        ("2026-09-05", "2026-09-11", 1, 1, "ALFA", 100), ("2026-09-05", "2026-09-11", 1, 2, "BETA", 900),
        ("2026-09-12", "2026-09-18", 2, 1, "ALFA", 555), ("2026-09-12", "2026-09-18", 3, 1, "ALFA", 400),
        ("2026-09-12", "2026-09-18", 2, 2, "BETA", 700), ("2026-09-12", "2026-09-18", 3, 2, "BETA", 300),
    ]  # fmt: skip
    return "\n".join([_CVU, *(week.format(*row) for row in rows)]) + "\n"


FILES = {
    "INTERCAMBIO_NACIONAL_2023": national(),
    "INTERCAMBIO_INTERNACIONAL_2024": abroad(),
    "EAR_DIARIO_SUBSISTEMA_2023": stored(2023),
    "EAR_DIARIO_SUBSISTEMA_2025": stored(2025),
    "ENA_DIARIO_SUBSISTEMA_2025": inflow(),
    "FATOR_CAPACIDADE-2_2025_05": factors(),
    "RESTRICAO_COFF_EOLICA_2026_10": curtailed(("Conj. Vento A", "Conj. Vento B"), 40.0),
    "RESTRICAO_COFF_FOTOVOLTAICA_2026_10": curtailed(("Conj. Sol",), 10.0),
    "CVU_USINA_TERMICA_2026": costs(),
}


@pytest.fixture(scope="module")
def lake(
    question_lake: Callable[[list[Path]], Any], tmp_path_factory: pytest.TempPathFactory
) -> Any:
    folder = tmp_path_factory.mktemp("flows")
    for name, text in FILES.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return question_lake(sorted(folder.iterdir()))


_MEAN = (2200 + 2300 + 2400 + 2500 + 2600 + 2700) / 6
_WIND = 0.5 * (40 + 80)
"""MWh that both wind plants lose in one half hour with a limit."""
_FACTOR = sum(280 + 2 * hour for hour in range(24)) / (24 * 1100)
_EAR = [100 * (200000 * share + 0.9 * 85000) / 285000 for share in (0.5, 0.4)]
_ENA = 100 * (20000 + 20000 + 6400 + 12000) / (40000 + 10000 + 8000 + 10000)

CASES: list[tuple[str, Any, str | None]] = [
    # A flow from one subsystem to another, whichever way round the file holds it.
    ("Qual foi o intercâmbio do Norte para o Nordeste às 13h de 01/07/2023?", 2300.0, "MWmed"),
    ("Qual foi o intercâmbio do Norte para o Nordeste às 16h de 01/07/2023?", 2600.0, "MWmed"),
    ("Qual foi o intercâmbio do Nordeste para o Norte às 16h de 01/07/2023?", -2600.0, "MWmed"),
    ("Qual foi o intercâmbio médio do Norte para o Nordeste em julho de 2023?", _MEAN, "MWmed"),
    ("What was the average exchange from the North to the Northeast in July 2023?", _MEAN, "MWmed"),
    ("Qual foi o fluxo médio de energia entre o Norte e o Nordeste em julho de 2023?", _MEAN, "MWmed"),
    ("What was the average exchange between the North and the Northeast in July 2023?", _MEAN, "MWmed"),
    ("What was the maximum exchange to the Northeast from the North in July 2023?", 2700.0, "MWmed"),
    ("Qual foi o fluxo N-NE às 16h de 01/07/2023?", 2600.0, "MWmed"),
    ("Qual foi o fluxo médio do NE para o N em julho de 2023?", -_MEAN, "MWmed"),
    ("Quanto o Norte exportou para o Nordeste em julho de 2023, em MWh?", 6 * _MEAN, "MWh"),
    ("Quanto o Nordeste importou do Norte em julho de 2023, em MWh?", 6 * _MEAN, "MWh"),
    ("O Norte importou ou exportou energia para o Nordeste em julho de 2023?", "exportação", "GWh"),
    ("Qual foi o intercâmbio programado do Norte para o Nordeste às 16h de 01/07/2023?", 2570.0, "MWmed"),
    ("What was the scheduled exchange from the North to the Northeast at 4 pm on 1 July 2023?", 2570.0, "MWmed"),
    ("Qual foi o desvio médio entre o intercâmbio programado e o verificado do Norte para o Nordeste em julho de 2023?", 30.0, "MWmed"),
    ("Qual foi o intercâmbio do Norte para o Sudeste por hora em 01/07/2023?",
     {f"2023-07-01T{hour}:00:00-03:00": float(90000 // hour) for hour in range(12, 18)}, "MWmed"),
    # Other countries: positive is an export of Brazil.
    ("O Brasil importou ou exportou energia para a Argentina em 2024?", "exportação", "MWh"),
    ("Did Brazil import or export energy to Uruguay in 2024?", "import", "MWh"),
    ("O Brasil exportou energia para o Uruguai em 2024?", "não", "MWh"),
    ("Quanto o Brasil importou da Argentina em 2024, em MWh?", -24 * 300.0, "MWh"),
    ("Quanto a Argentina importou do Brasil em 2024, em MWh?", 24 * 300.0, "MWh"),
    ("How much energy did Brazil export to Argentina in 2024, in MWh?", 24 * 300.0, "MWh"),
    ("Qual foi o intercâmbio médio com o Uruguai em março de 2024?", -50.0, "MWmed"),
    ("Qual foi o intercâmbio internacional médio em março de 2024?", 100.0, "MWmed"),
    ("What was the average international exchange with Argentina in March 2024?", 150.0, "MWmed"),
    ("Qual é o desvio entre o intercâmbio programado e o realizado com a Argentina?", 20.0, "MWmed"),
    ("What was the average deviation between scheduled and actual exchange with Uruguay in March 2024?", -10.0, "MWmed"),
    # Percentages and factors of several things together.
    ("Qual foi a energia armazenada do SIN em 01/05/2025, em percentual?", _EAR[0], "%"),
    ("What was the average stored energy of the SIN in May 2025?", sum(_EAR) / 2, "%"),
    ("Qual foi a energia armazenada máxima do SIN em maio de 2025?", _EAR[0], "%"),
    ("Qual foi a energia armazenada do Sudeste em 02/05/2025?", 40.0, "%"),
    ("Qual foi a ENA do SIN em 01/05/2025, em % da MLT?", _ENA, "%"),
    ("What was the natural energy inflow of the SIN on 1 May 2025, in percent of MLT?", _ENA, "%"),
    ("Qual foi o fator de capacidade médio das eólicas do Nordeste em maio de 2025?", _FACTOR, "p.u."),
    ("What was the average capacity factor of wind in May 2025, in percent?", 100 * _FACTOR, "%"),
    ("Qual foi o fator de capacidade médio do Conj. Grande em maio de 2025?", 0.2115, "p.u."),
    ("Qual estado teve o maior fator de capacidade em maio de 2025?", "RN", "p.u."),
    ("Ranking das usinas por fator de capacidade em maio de 2025",
     {"Conj. Pequeno": 0.915, "Conj. Grande": 0.2115}, "p.u."),
    ("Qual foi a geração programada média do Conj. Grande em maio de 2025?", 221.5, "MWmed"),
    # Reasons and origins of curtailment; both sources where none was said.
    ("How much wind energy was curtailed for reliability reasons (CNF) last month?", 2 * _WIND, "MWh"),
    ("Quanta energia eólica foi cortada por confiabilidade em outubro de 2026?", 2 * _WIND, "MWh"),
    ("Quanto foi cortado de geração eólica por razão energética em outubro de 2026?", _WIND, "MWh"),
    ("Qual foi o corte de geração solar por razão elétrica em outubro de 2026?", 5.0, "MWh"),
    ("Qual foi o corte de geração eólica de origem local em outubro de 2026?", 2 * _WIND, "MWh"),
    ("How much solar energy was curtailed due to the access opinion in October 2026?", 5.0, "MWh"),
    ("Quanta energia foi cortada em outubro de 2026?", 5 * (_WIND + 5.0), "MWh"),
    ("How much energy was curtailed for energy reasons in October 2026?", _WIND + 5.0, "MWh"),
    ("Qual conjunto solar teve mais constrained-off em outubro de 2026?", "Conj. Sol", "MWh"),
    ("Qual conjunto teve mais constrained-off em outubro de 2026?", "Conj. Vento B", "MWh"),
    ("Qual fonte teve mais corte de geração em outubro de 2026?", "wind", "MWh"),
    # The newest revision of a cost, in the last week of the period.
    ("Top 10 thermal plants by variable cost (CVU) in September 2026?",
     {"ALFA": 400.0, "BETA": 300.0}, "R$/MWh"),
    ("Qual é o CVU da usina BETA?", 300.0, "R$/MWh"),
    ("Qual foi o CVU máximo da usina ALFA em setembro de 2026?", 400.0, "R$/MWh"),
    ("Qual usina térmica teve o maior CVU em 07/09/2026?", "BETA", "R$/MWh"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "value", "unit"), CASES, ids=[case[0] for case in CASES])
def test_answers(lake: Any, question: str, value: Any, unit: str | None) -> None:
    answer = lake.ask(question)
    assert answer.status == "answered", answer.answer
    if isinstance(value, float | dict):
        value = pytest.approx(value, rel=1e-6, abs=1e-6)
    assert (answer.value, answer.unit) == (value, unit), answer.answer


@pytest.mark.parametrize("question", [case[0] for case in CASES[::3]])
def test_the_query_shown_may_be_sent_as_it_is(lake: Any, question: str) -> None:
    """Raw SQL accepts it, and it finds something."""
    shown = lake.ask(question).query_used
    tables = {dataset.table: dataset.table for dataset in catalog()}
    query = guard(shown, tables, max_rows=100)
    files = {
        name: [part["path"] for part in lake.knowledge.get(name.replace("_", "-")).partitions]
        for name in query.tables
    }
    assert lake.engine.rows(query.sql, [], files)


def test_assumptions_tell_what_was_done(lake: Any) -> None:
    def told(question: str) -> str:
        return " ".join(lake.ask(question).assumptions)

    turned = told("Qual foi o intercâmbio do Norte para o Nordeste às 16h de 01/07/2023?")
    assert "sentido inverso: o sinal foi trocado" in turned
    as_held = told("Qual foi o intercâmbio do Norte para o Nordeste às 13h de 01/07/2023?")
    assert "sinal foi trocado" not in as_held
    assert "Positivo é de Norte para Nordeste" in as_held
    assert "razão entre as somas" in told("Qual foi a energia armazenada do SIN em 01/05/2025?")
    assert "eólica e solar" in told("Quanta energia foi cortada em outubro de 2026?")
    assert "a mais nova" in told("Qual é o CVU da usina BETA?")
    assert "exportação do Brasil" in told("Qual foi o intercâmbio médio com o Uruguai em 2024?")


def test_stretches_held_are_told_as_they_are(lake: Any) -> None:
    answer = lake.ask("Qual foi a energia armazenada do Sul em 2024?")
    assert answer.status == "no_data"
    said = "ear-diario-por-subsistema de 01/05/2023 a 02/05/2023 e de 01/05/2025 a 02/05/2025."
    assert answer.answer.endswith(said)
    english = lake.ask("What was the stored energy in the South in 2024?").answer
    assert "from 2023-05-01 to 2023-05-02 and from 2025-05-01 to 2025-05-02" in english


@pytest.mark.parametrize(
    "question",
    [
        "Qual foi a carga média do Sul por confiabilidade em 2023?",
        "Qual foi o fluxo entre subsistemas em 2023?",
        "Qual foi o intercâmbio do Norte, do Sul e do Nordeste em 2023?",
        "Qual foi o CMO programado do Sul em 2023?",
        "Qual foi o intercâmbio do Sul para a Argentina em 2024?",
        "What percentage of wind generation was curtailed in October 2026?",
        "Até quando vão os dados de corte de geração por confiabilidade?",
    ],
)
def test_what_is_not_answered(lake: Any, question: str) -> None:
    assert lake.ask(question).status != "answered"
