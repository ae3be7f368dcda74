"""Questions about curtailment, interruptions, indicators and the network's registers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ons_platform.catalog.registry import catalog

_COFF = (
    "id_subsistema;nom_subsistema;id_estado;nom_estado;nom_usina;id_ons;ceg;din_instante;"
    "val_geracao;val_geracaolimitada;val_disponibilidade;val_geracaoreferencia;"
    "val_geracaoreferenciafinal;cod_razaorestricao;cod_origemrestricao"
)
_PLANTS = (("NE", "RN", "Conj. Serra"), ("NE", "BA", "Conj. Campo"), ("S", "RS", "Conj. Cerro"))


def curtailment(cut: dict[str, float]) -> str:
    """Half hours of two days: limits from 10h to 11h30 in the Northeast, by state MW of `cut`."""
    lines = [_COFF]
    for day in (1, 2):
        for half in range(48):
            clock = f"{half // 2:02d}:{half % 2 * 30:02d}:00"
            for region, state, plant in _PLANTS:
                limited = 20 <= half < 23 and region == "NE"
                why = "100;300;{};;ENE;SIS" if limited else ";300;{};;;"
                lines.append(
                    f"{region};X;{state};Y;{plant};CJU_{state};-;2024-07-{day:02d} {clock};100;"
                    + why.format(100 + cut.get(state, 25.0))
                )
    return "\n".join(lines) + "\n"


def indicators() -> str:
    lines = [
        "dsc_agregacao;cod_caracteristica;dsc_caracteristica;id_periodicidade;din_referencia;val_ens"
    ]
    for month in range(1, 13):
        day = f"2023-{month:02d}-01 00:00:00"
        lines += [
            f"Sistema;SBR;Sistema Brasileiro;ME;{day};{month}",
            f"Subsistema;SE;SUDESTE;ME;{day};1",
            f"Região Geográfica;SE;Sudeste;ME;{day};0.7",
            f"Estado;SE;SERGIPE;ME;{day};0.5",
        ]
    lines.append("Sistema;SBR;Sistema Brasileiro;AN;2023-01-01 00:00:00;78")
    return "\n".join(lines) + "\n"


def rates() -> str:
    lines = ["nom_usina;cod_ceg;tip_usina;din_mes;nom_taxa;val_taxa;num_versao;din_calculo"]
    for month in range(1, 13):
        for rate, value in (("TEIFa", 0.1), ("TEIP", 0.3)):
            lines.append(
                f"ANGRA 1;UTN.1;Nuclear;2023-{month:02d}-01;{rate};{value};1.0;2024-01-01 12:00:00"
            )
    return "\n".join(lines) + "\n"


def interruptions() -> str:
    header = (
        "cod_perturbacao;din_interrupcaocarga;id_subsistema;nom_subsistema;id_estado;nom_agente;"
        "val_cargainterrompida_mw;val_tempomedio_minutos;val_energianaosuprida_mwh;"
        "flg_envolveuredebasica;flg_envolveuredeoperacao"
    )
    lines = [header]
    for month in range(1, 13):
        lines.append(
            f"P{month};2023-{month:02d}-03 10:11:12;NE;NORDESTE;BA;A;{10 * month};5;{month};S;S"
        )
    return "\n".join(lines) + "\n"


def register(names: str, rows: list[dict[str, str]]) -> str:
    columns = names.split()
    lines = [";".join(row.get(name, "") for name in columns) for row in rows]
    return "\n".join([";".join(columns), *lines]) + "\n"


def _columns(dataset: str) -> str:
    return " ".join(column.name for column in catalog()[dataset].columns)


def transformers() -> str:
    names = (
        "id_subsistema nom_subsistema id_estado nom_estado nom_tipotransformador"
        " nom_agenteproprietario nom_subestacao nom_transformador cod_equipamento"
        " dat_entradaoperacao dat_desativacao val_tensaoprimario_kv val_tensaosecundario_kv"
        " val_tensaoterciario_kv val_potencianominal_mva nom_tipoderede num_barra_primario"
        " num_barra_secundario"
    )
    base = {"id_subsistema": "S", "id_estado": "PR", "dat_entradaoperacao": "1990-01-01"}
    return register(
        names,
        [
            {**base, "cod_equipamento": "A", "val_potencianominal_mva": "150"},
            {**base, "cod_equipamento": "B", "val_potencianominal_mva": "75.5"},
            {**base, "cod_equipamento": "C", "val_potencianominal_mva": "60",
             "dat_desativacao": "2001-01-01"},
        ],
    )  # fmt: skip


def lines_of_transmission() -> str:
    """Two lines of 500 kV, one of them known by two names, one of 230 kV and one taken down."""
    own = {"id_subsistema_terminalde": "NE", "id_subsistema_terminalpara": "NE",
           "id_estado_terminalde": "BA", "id_estado_terminalpara": "BA"}  # fmt: skip
    rows = [
        {"cod_equipamento": "L1", "nom_linhadetransmissao": "A-B", "val_niveltensao_kv": "500",
         "val_comprimento": "100.5"},
        {"cod_equipamento": "L1", "nom_linhadetransmissao": "A - B", "val_niveltensao_kv": "500",
         "val_comprimento": "0"},
        {"cod_equipamento": "L2", "nom_linhadetransmissao": "B-C", "val_niveltensao_kv": "500",
         "val_comprimento": "50", "id_estado_terminalde": "PE"},
        {"cod_equipamento": "L3", "nom_linhadetransmissao": "C-D", "val_niveltensao_kv": "230",
         "val_comprimento": "20"},
        {"cod_equipamento": "L4", "nom_linhadetransmissao": "D-E", "val_niveltensao_kv": "500",
         "val_comprimento": "999", "dat_desativacao": "2001-01-01"},
    ]  # fmt: skip
    return register(_columns("linha-transmissao"), [own | row for row in rows])


def substations() -> str:
    """Two in Bahia, one of them with two levels of voltage, and one in Paraná."""
    rows = [("NE", "BA", "AAA", "500"), ("NE", "BA", "AAA", "230"), ("NE", "BA", "BBB", "230"),
            ("S", "PR", "CCC", "500")]  # fmt: skip
    return register(
        _columns("subestacao"),
        [
            {"id_subsistema": region, "id_estado": state, "id_subestacao": code,
             "nom_subestacao": code, "id_estacao": f"{code}{level}", "val_niveltensao": level}
            for region, state, code, level in rows
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def lake(
    tmp_path_factory: pytest.TempPathFactory, question_lake: Callable[[list[Path]], Any]
) -> Any:
    folder = tmp_path_factory.mktemp("network")
    files = {
        "RESTRICAO_COFF_EOLICA_2024_07.csv": curtailment({"RN": 50.0, "BA": 20.0}),
        "RESTRICAO_COFF_FOTOVOLTAICA_2024_07.csv": curtailment({"RN": 10.0, "BA": 0.0}),
        "IND_CONFIARB_ENS.csv": indicators(),
        "TAXA_TEIF_TEIP.csv": rates(),
        "INTERRUPCAO_CARGA.csv": interruptions(),
        "CAPACIDADE_TRANSFORMACAO.csv": transformers(),
        "LINHA_TRANSMISSAO.csv": lines_of_transmission(),
        "SUBESTACAO.csv": substations(),
    }
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    return question_lake(sorted(folder.iterdir()))


@pytest.mark.parametrize(
    ("question", "value", "unit"),
    [
        # 3 half hours a day for 2 days: 6 x 0.5 h x (50 + 20) MW.
        ("Qual foi o corte de geração eólica no Nordeste em julho de 2024?", 210.0, "MWh"),
        ("Quanta energia eólica deixou de ser gerada na Bahia em julho de 2024?", 60.0, "MWh"),
        ("How much wind generation was curtailed in the Northeast in July 2024?", 210.0, "MWh"),
        ("Qual foi o constrained-off solar em julho de 2024?", 30.0, "MWh"),
        ("Qual foi a geração frustrada em julho de 2024 em GWh?", 0.24, "GWh"),
        ("Qual usina teve o maior corte de geração em julho de 2024?", "Conj. Serra", "MWh"),
        ("Qual estado teve o maior curtailment eólico em julho de 2024?", "RN", "MWh"),
        # Months only, of the system or the subsystem: neither Sergipe nor the year.
        ("Qual foi a ENS do SIN em 2023?", 78.0, "MWh"),
        ("Qual foi a ENS do Sudeste em 2023?", 12.0, "MWh"),
        ("Qual a TEIF de Angra 1 em 2023?", 0.1, "p.u."),
        ("What was the TEIP of Angra 1 in 2023?", 0.3, "p.u."),
        ("Qual foi a carga interrompida na Bahia em 2023?", 780.0, "MW"),
        ("Qual a capacidade de transformação do Sul?", 225.5, "MVA"),
        ("What is the transformation capacity in Paraná?", 225.5, "MVA"),
        ("Quantos transformadores há no Sul?", 2, None),
        ("Quantas linhas de transmissão existem?", 3, None),
        ("How many transmission lines of 500 kV are there in Bahia?", 1, None),
        ("Qual a extensão das linhas de 500 kV?", 150.5, "km"),
        ("What is the length of transmission lines in Bahia?", 120.5, "km"),
        ("Qual estado tem a maior extensão de linhas de transmissão?", "BA", "km"),
        ("Quantas subestações há na Bahia?", 2, None),
        ("How many substations are there?", 3, None),
        ("Quantas subestações de 230 kV há na Bahia?", 2, None),
        ("Qual subsistema tem mais subestações?", "NE", None),
    ],
)
def test_answers(lake: Any, question: str, value: Any, unit: str | None) -> None:
    answer = lake.ask(question)
    assert answer.status == "answered", answer.answer
    assert answer.unit == unit
    assert answer.value == (value if isinstance(value, str) else pytest.approx(value))


def test_what_is_held_by_source_is_added_up_and_told(lake: Any) -> None:
    answer = lake.ask("Qual foi o curtailment em julho de 2024?")
    assert answer.answer == "O corte total de geração em julho de 2024 foi de 240 MWh."
    assert "Nenhuma fonte foi citada: somei eólica e solar." in answer.assumptions
    assert len(answer.sources) == 2


@pytest.mark.parametrize(
    "question",
    [
        # Half hours without a limit have no row: their average is not that of the month.
        "Qual foi o corte médio de geração no Nordeste em julho de 2024?",
        "Qual a capacidade de transformação eólica do Sul?",
        "Qual a extensão das subestações na Bahia?",
        "Qual a capacidade instalada de 500 kV na Bahia?",
    ],
)
def test_no_number_is_given(lake: Any, question: str) -> None:
    answer = lake.ask(question)
    assert answer.status != "answered", answer.answer
    assert answer.value is None
