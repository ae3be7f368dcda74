"""What the files of load, generation, exchange, schedule and price are known to hide."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest


def one(rows: pd.DataFrame, **where: Any) -> pd.Series[Any]:
    """The only row with these values."""
    for name, value in where.items():
        rows = rows[rows[name] == value]
    assert len(rows) == 1
    return rows.iloc[0]


def test_the_load_api_says_utc_ends_of_half_hours_and_seco(room: Any) -> None:
    """The first half hour of a Brazilian day ends at 03:30 UTC; an area may be no subsystem."""
    area = {
        "din_atualizacao": "2026-08-28T03:19:10.800Z",
        "dat_referencia": "2026-08-01",
        "din_referenciautc": "2026-08-01T03:30:00.000Z",
        "val_cargaglobal": 41637.23,
        "val_cargaglobalsmmg": 41519.25,
        "val_cargammgd": 117.98,
    }
    records = [{"cod_areacarga": code, **area} for code in ("SECO", "RJ")]
    outcome = room.ingest("resposta (1).json", json.dumps(records))
    assert outcome.dataset == "carga-energia-verificada"
    rows = room.rows(outcome)
    assert set(rows["timestamp"]) == {pd.Timestamp("2026-08-01T03:00:00Z")}
    assert one(rows, entity_id="SECO", measurement_type="global_load")["region"] == "SE"
    without = one(rows, entity_id="RJ", measurement_type="global_load_without_mmgd")
    assert pd.isna(without["region"])
    assert without["value"] == 41519.25


def test_the_scheduled_load_of_the_api_is_told_by_its_column(room: Any) -> None:
    record = {
        "cod_areacarga": "NE",
        "dat_referencia": "2026-08-01",
        "din_referenciautc": "2026-08-02T03:00:00.000Z",
        "val_cargaglobalprogramada": 13000.5,
    }
    outcome = room.ingest("download.json", json.dumps([record]))
    assert outcome.dataset == "carga-energia-programada"
    row = one(room.rows(outcome), region="NE")
    assert row["timestamp"] == pd.Timestamp("2026-08-02T02:30:00Z")


def test_pld_has_its_day_and_hour_beside_the_month(room: Any) -> None:
    outcome = room.ingest(
        "pld_horario_2025.csv",
        "MES_REFERENCIA;SUBMERCADO;PERIODO_COMERCIALIZACAO;DIA;HORA;PLD_HORA\n"
        "202512;NORDESTE;721;31;0;205.25\n202512;SUDESTE;744;31;23;211.4\n",
    )
    rows = room.rows(outcome)
    assert one(rows, region="NE")["timestamp"] == pd.Timestamp("2025-12-31T03:00:00Z")
    assert one(rows, region="SE")["timestamp"] == pd.Timestamp("2026-01-01T02:00:00Z")
    assert set(rows["unit"]) == {"R$/MWh"}


def test_a_pair_of_subsystems_may_be_written_in_either_direction(room: Any) -> None:
    header = "din_instante;id_subsistema_origem;nom_subsistema_origem;id_subsistema_destino;"
    header += "nom_subsistema_destino;val_intercambiomwmed"
    lines = [
        header,
        "2026-09-26 22:00:00;N ; NORTE;NE; NORDESTE;-4108.810",
        "2026-09-26 22:00:00;NE; NORDESTE;SE ; SUDESTE;100",
        "2026-09-26 23:00:00;NE; NORDESTE;N ; NORTE;4192.050",
    ]
    rows = room.rows(room.ingest("INTERCAMBIO_NACIONAL_2026.csv", "\n".join(lines)))
    pairs = set(zip(rows["region"], rows["region_to"], rows["value"], strict=True))
    assert pairs == {("N", "NE", -4108.81), ("NE", "SE", 100.0), ("NE", "N", 4192.05)}


@pytest.mark.parametrize("country", ["ARGENTINA", "Argentina       ", " argentina"])
def test_countries_are_places_however_they_are_written(room: Any, country: str) -> None:
    text = "din_instante;nom_paisdestino;val_intercambiomwmed\n"
    text += f"2024-03-01 10:00:00;{country};-550.25\n"
    outcome = room.ingest("INTERCAMBIO_INTERNACIONAL_2024.csv", text)
    assert one(room.rows(outcome), region="AR")["value"] == -550.25
    assert room.report(outcome)["warnings"] == []


def test_the_last_step_of_a_schedule_begins_half_an_hour_before_midnight(room: Any) -> None:
    text = "din_programacaodia;num_patamar;cod_subsistema;val_demanda;val_geracao_renovavel;"
    text += "val_geracao_hidraulica;val_geracao_termica;val_cons_elevatoria\n"
    text += "2025-05-23;1;SE;40000;5000;20000;6000;0.00\n"
    text += "2025-05-23;48;SE;38000;4000;19000;6000;108.03\n"
    rows = room.rows(room.ingest("BALANCO_DESSEM_GERAL_2025_05_23.csv", text))
    load = rows[rows["measurement_type"] == "dessem_load"].sort_values("timestamp")
    assert list(load["timestamp"]) == [
        pd.Timestamp("2025-05-23T03:00:00Z"),
        pd.Timestamp("2025-05-24T02:30:00Z"),
    ]


def test_a_month_is_a_month_whichever_of_its_days_the_file_writes(room: Any) -> None:
    text = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiamwmed\n"
    text += "S;SUL;2000-01-31;7000.5\nS;SUL;2000-02-01;7100\nS;SUL;2000-03-15 00:00:00;7200\n"
    rows = room.rows(room.ingest("CARGA_MENSAL.csv", text)).sort_values("timestamp")
    assert [str(moment) for moment in rows["timestamp"].dt.strftime("%Y-%m-%dT%H")] == [
        "2000-01-01T02", "2000-02-01T02", "2000-03-01T03",
    ]  # fmt: skip


def test_a_plant_that_is_still_in_its_set_has_an_end_far_ahead(room: Any) -> None:
    text = "id_subsistema;nom_subsistema;estad_id;nom_estado;id_tipousina;nom_tipousina;"
    text += "id_conjuntousina;id_ons_conjunto;id_ons_usina;nom_conjunto;nom_usina;ceg;"
    text += "dat_iniciorelacionamento;dat_fimrelacionamento\n"
    start = "NE;Nordeste;RN;RIO GRANDE DO NORTE;UEE;Eolielétrica  ;3;CJU_RN;RNU;Conj. A;Usina A;-;"
    text += start + "2015-01-01;2020-12-31\n" + start + "2021-01-01;9999-12-31\n"
    rows = room.rows(room.ingest("RELACIONAMENTO_USINA_CONJUNTO.csv", text))
    assert list(rows["energy_source"]) == ["wind", "wind"]
    assert {str(day)[:10] for day in rows["dat_fimrelacionamento"]} == {"2020-12-31", "9999-12-31"}
