"""Curtailment, network, interruptions and indicators: what their files do that others do not."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog

COFF = ("restricao-coff-eolica-usi", "restricao-coff-fotovoltaica")
BOTH_PERIODS = [
    item
    for item in catalog()
    if any(c.name == "id_periodicidade" for c in item.columns) and item.kind == "series"
]


def csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as ONS writes them; a missing cell is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [";".join(str(row.get(name, "")) for name in names) for row in rows]
    return "\n".join([";".join(names), *lines]) + "\n"


def values(rows: pd.DataFrame, kind: str) -> list[float]:
    """Values of a measurement type in order of time."""
    of_kind = rows[rows["measurement_type"] == kind].sort_values("timestamp")
    return [float(value) for value in of_kind["value"]]


# -- curtailment ---------------------------------------------------------------------------------

PLANT = {
    "id_subsistema": "NE",
    "nom_subsistema": "NORDESTE",
    "id_estado": "RN",
    "nom_estado": "RIO GRANDE DO NORTE",
    "nom_usina": "Conj. Serra",
}


def half_hour(minute: str, generation: float, limit: Any, reference: Any, **more: Any) -> Any:
    return {
        **PLANT,
        "din_instante": f"2023-07-15 {minute}:00",
        "val_geracao": generation,
        "val_geracaolimitada": limit,
        "val_disponibilidade": 200.0,
        "val_geracaoreferencia": reference,
        "val_geracaoreferenciafinal": "",
        "cod_razaorestricao": "ENE" if limit != "" else "",
        "cod_origemrestricao": "SIS" if limit != "" else "",
        **more,
    }


def test_only_half_hours_with_a_limit_are_curtailed_and_never_below_zero(room: Any) -> None:
    content = csv(
        [
            half_hour("10:00", 100.0, 100, 150.0),
            half_hour("10:30", 100.0, "", 150.0),
            half_hour("11:00", 160.0, 170, 150.0),
            half_hour("11:30", 0.0, 0, 40.5),
            half_hour("12:00", 10.0, 10, ""),
        ]
    )
    rows = room.rows(room.ingest("RESTRICAO_COFF_EOLICA_2023_07.csv", content))
    assert values(rows, "curtailed_power") == [50.0, 0.0, 40.5]
    assert set(rows["energy_source"]) == {"wind"}
    curtailed = rows[rows["measurement_type"] == "curtailed_power"]
    assert set(curtailed["cod_razaorestricao"]) == {"ENE"}
    assert set(curtailed["unit"]) == {"MWmed"}
    assert str(curtailed["timestamp"].min()) == "2023-07-15 13:00:00+00:00"


@pytest.mark.parametrize("slug", COFF)
def test_curtailment_files_of_every_year_fit(make_room: Any, slug: str) -> None:
    """Without ids (until 2023), with reasons in words (2025), with minutes and agents (2026)."""
    stem = catalog()[slug].files.patterns[0].split("{")[0]
    ids = {"id_ons": "CJU_RNSER", "ceg": "-"}
    words = {**ids, "dsc_restricao": "Razão energética"}
    newest = {
        **words,
        "id_pontoconexao": "RNACR-1",
        "nom_pontoconexao": "Acaraú",
        "nom_agenteoperador": "Serra",
        "val_geracaonaorealizadaapurada": 50.0,
        "num_minutos_rel": 0,
        "num_minutos_cnf": 0,
        "num_minutos_ene": 30,
        "num_minutos_restricao": 30,
    }
    for more in ({}, ids, words, newest):
        room = make_room()
        content = csv([half_hour("10:00", 100.0, 100, 150.0, **more)])
        outcome = room.ingest(f"{stem}2023_07.csv", content)
        assert outcome.dataset == slug
        rows = room.rows(outcome)
        assert values(rows, "curtailed_power") == [50.0]
        assert set(rows["entity_name"]) == {"Conj. Serra"}
        assert rows["entity_id"].notna().all() == bool(more)
        assert values(rows, "restriction_minutes_energy") == ([30.0] if more is newest else [])


def test_decimals_written_as_text_in_parquet_are_numbers(room: Any) -> None:
    row = half_hour("10:00", 100.0, 100, 150.0, id_ons="CJU_RNSER", ceg="-")
    cells = {name: pa.array([str(value) or None]) for name, value in row.items()}
    cells["din_instante"] = pa.array([pd.Timestamp("2023-07-15 10:00")], pa.timestamp("us"))
    buffer = io.BytesIO()
    pq.write_table(pa.table(cells), buffer)
    rows = room.rows(room.ingest("RESTRICAO_COFF_EOLICA_2023_07.parquet", buffer.getvalue()))
    assert values(rows, "curtailed_power") == [50.0]


def test_a_wind_reading_no_wind_can_be_is_kept_and_flagged(room: Any) -> None:
    head = {"id_subsistema": "NE", "id_estado": "BA", "nom_modalidadeoperacao": "Tipo II-C"}
    plant = {"nom_conjuntousina": "Conj. A", "nom_usina": "A1", "id_ons": "BAA1", "ceg": "EOL.1"}
    lines = [
        {
            **head,
            **plant,
            "din_instante": f"2024-01-01 {hour:02d}:00:00",
            "val_ventoverificado": 297.529 if hour == 3 else 7.5,
            "flg_dadoventoinvalido": flag,
            "val_geracaoestimada": 10,
            "val_geracaoverificada": 9,
        }
        for hour, flag in enumerate(["0.0"] * 24)
    ]
    # One impossible reading among very many is no reason to refuse the file.
    more = [
        {**line, "din_instante": f"2024-01-{day:02d} 00:00:00"}
        for line in lines[:1]
        for day in range(2, 32)
    ]
    rows = room.rows(room.ingest("RESTRICAO_COFF_EOLICA_DETAIL_2024_01.csv", csv([*lines, *more])))
    wind = rows[rows["measurement_type"] == "wind_speed"]
    assert wind.loc[wind["quality_flag"] == "out_of_range", "value"].tolist() == [297.529]
    assert set(wind["unit"]) == {"m/s"}


@pytest.mark.parametrize(("dtype", "flag"), [(pa.bool_(), True), (pa.int64(), 1)])
def test_flags_of_the_solar_detail_are_booleans_or_numbers(
    room: Any, dtype: pa.DataType, flag: object
) -> None:
    row = {
        "id_subsistema": ["NE"], "id_estado": ["BA"], "nom_modalidadeoperacao": ["Tipo II-B"],
        "nom_conjuntousina": [None], "nom_usina": ["Sol"], "id_ons": ["BASOL"], "ceg": ["UFV.1"],
        "din_instante": pa.array([pd.Timestamp("2024-05-01 12:00")], pa.timestamp("us")),
        "val_irradianciaverificado": [812.5],
        "flg_dadoirradianciainvalido": pa.array([flag], dtype),
        "val_geracaoestimada": [20.0], "val_geracaoverificada": [19.0],
    }  # fmt: skip
    buffer = io.BytesIO()
    pq.write_table(
        pa.table(
            {
                k: v
                if isinstance(v, pa.Array)
                else pa.array(v, pa.float64() if k.startswith("val") else pa.string())
                for k, v in row.items()
            }
        ),
        buffer,
    )
    outcome = room.ingest("RESTRICAO_COFF_FOTOVOLTAICA_DETAIL_2024_05.parquet", buffer.getvalue())
    rows = room.rows(outcome)
    assert values(rows, "irradiance") == [812.5]
    assert rows["flg_dadoirradianciainvalido"].notna().all()
    assert set(rows["energy_source"]) == {"solar"}


def test_several_stretches_of_one_half_hour_are_kept_apart(room: Any) -> None:
    base = {"id_subsistema": "NE", "id_estado": "RN", "nom_agenteoperador": "S", "nom_usina": "A"}
    stretch = {"id_ons": "RNA", "din_instante": "2024-08-01 10:00:00", "cod_origemrestricao": "SIS"}
    said = (("10:00:00", "10:12:00", 12, "ENE"), ("10:20:00", "10:25:00", 5, "CNF"))
    content = csv(
        [
            {**base, **stretch, "hor_inicial": first, "hor_final": last, "num_minutosrestricao": n,
             "cod_razaorestricao": reason, "val_geracaolimitada": 80, "dsc_restricao": ""}
            for first, last, n, reason in said
        ]
    )  # fmt: skip
    outcome = room.ingest("RESTRICAO_COFF_EOLICA_INTRASEMIHORA_2024_08.csv", content)
    assert outcome.dataset == "coff-eolica-usi-intrasemihora"
    assert sorted(values(room.rows(outcome), "restriction_stretch_minutes")) == [5.0, 12.0]


# -- interruptions -------------------------------------------------------------------------------


def test_negative_minutes_and_megawatt_hours_are_kept_and_flagged(room: Any) -> None:
    event = {
        "id_subsistema": "SE", "nom_subsistema": "SUDESTE/CENTRO-OESTE", "id_estado": "SP",
        "nom_agente": "CPFL", "val_cargainterrompida_mw": 120.5,
        "flg_envolveuredebasica": "S", "flg_envolveuredeoperacao": "S",
    }  # fmt: skip
    content = csv(
        [
            {"cod_perturbacao": "P1", "din_interrupcaocarga": "2007-01-01 14:35:20", **event,
             "val_tempomedio_minutos": 12.5, "val_energianaosuprida_mwh": 25.1},
            {"cod_perturbacao": "P2", "din_interrupcaocarga": "2012-03-05 00:00:07", **event,
             "val_tempomedio_minutos": -64182.0, "val_energianaosuprida_mwh": -7487.9},
        ]
    )  # fmt: skip
    rows = room.rows(room.ingest("INTERRUPCAO_CARGA.csv", content))
    odd = rows[rows["quality_flag"] == "out_of_range"]
    assert dict(zip(odd["measurement_type"], odd["value"], strict=True)) == {
        "interruption_minutes": -64182.0,
        "unsupplied_energy": -7487.9,
    }
    assert len(rows) == 6
    assert str(rows["timestamp"].min()) == "2007-01-01 16:35:20+00:00"


def test_two_agents_of_one_disturbance_are_two_rows(room: Any) -> None:
    event = {
        "cod_perturbacao": "P1", "din_interrupcaocarga": "2015-01-01 14:35:20",
        "id_subsistema": "S", "nom_subsistema": "SUL", "id_estado": "RS",
        "val_cargainterrompida_mw": 10,
        "val_tempomedio_minutos": 5, "val_energianaosuprida_mwh": 1,
        "flg_envolveuredebasica": "N", "flg_envolveuredeoperacao": "N",
    }  # fmt: skip
    content = csv([{**event, "nom_agente": "CEEE"}, {**event, "nom_agente": "RGE"}])
    rows = room.rows(room.ingest("INTERRUPCAO_CARGA.csv", content))
    assert values(rows, "interrupted_load") == [10.0, 10.0]


# -- indicators ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", BOTH_PERIODS, ids=lambda item: item.dataset)
def test_values_of_the_year_are_never_added_to_those_of_its_months(dataset: Dataset) -> None:
    for measure in dataset.measures:
        yearly = [
            item for item in measure.variants if "AN" in item.when.get("id_periodicidade", ())
        ]
        assert len(yearly) == 1
        assert yearly[0].measurement_type == f"{measure.measurement_type}_yearly"
        assert measure.variants.index(yearly[0]) <= 1
    asked = {metric.measurement_type for metric in dataset.questions.metrics}
    assert not {kind for kind in asked if kind.endswith(("_yearly", "_state", "_geographic"))}


def test_what_a_row_is_of_depends_on_its_period_and_place(room: Any) -> None:
    def row(level: str, code: str, name: str, period: str, date: str, value: float) -> Any:
        return {
            "dsc_agregacao": level, "cod_caracteristica": code, "dsc_caracteristica": name,
            "id_periodicidade": period, "din_referencia": f"{date} 00:00:00", "val_ens": value,
        }  # fmt: skip

    content = csv(
        [
            row("Sistema", "SBR", "Sistema Brasileiro", "ME", "2024-01-01", 9.0),
            row("Subsistema", "SE", "SUDESTE", "ME", "2024-01-01", 5.0),
            row("Região Geográfica", "SE", "Sudeste", "ME", "2024-01-01", 4.0),
            row("Estado", "SE", "SERGIPE", "ME", "2024-01-01", 1.0),
            row("Sistema", "SBR", "Sistema Brasileiro", "AN", "2024-01-01", 90.0),
            row("Subsistema", "SE", "SUDESTE", "AN", "2024-01-01", 50.0),
        ]
    )
    rows = room.rows(room.ingest("IND_CONFIARB_ENS.csv", content))
    found = {
        (kind, place, value)
        for kind, place, value in zip(
            rows["measurement_type"], rows["dsc_agregacao"], rows["value"], strict=True
        )
    }
    assert found == {
        ("ens", "Sistema", 9.0),
        ("ens", "Subsistema", 5.0),
        ("ens_geographic", "Região Geográfica", 4.0),
        ("ens_state", "Estado", 1.0),
        ("ens_yearly", "Sistema", 90.0),
        ("ens_yearly", "Subsistema", 50.0),
    }
    monthly = rows[rows["measurement_type"] == "ens"]
    assert dict(zip(monthly["region"], monthly["value"], strict=True)) == {"SIN": 9.0, "SE": 5.0}


def test_rates_in_one_column_are_two_quantities_and_versions_are_kept(room: Any) -> None:
    base = {"nom_usina": "ANGRA 1", "cod_ceg": "UTN.1", "tip_usina": "Nuclear   "}
    said = (("TEIFa", 0.1, "1.0"), ("TEIFa", 0.2, "2.0"), ("TEIP", 0.05, "1.0"))
    content = csv(
        [
            {**base, "din_mes": "2024-03-01 00:00:00", "nom_taxa": rate, "val_taxa": value,
             "num_versao": version, "din_calculo": "2024-04-02 12:00:00"}
            for rate, value, version in said
        ]
    )  # fmt: skip
    rows = room.rows(room.ingest("TAXA_TEIF_TEIP.csv", content))
    assert sorted(values(rows, "teif")) == [0.1, 0.2]
    assert values(rows, "teip") == [0.05]
    assert set(rows["energy_source"]) == {"nuclear"}


@pytest.mark.parametrize("year", ["2023", "2023.0", "2023-01-01"])
def test_a_year_alone_is_a_date(room: Any, year: str) -> None:
    dataset = catalog()["ind-disponibilidade-fgeracao-uge-anual"]
    cells = {column.name: "1" for column in dataset.columns}
    row = {
        **cells,
        "id_subsistema": "SE",
        "estad_id": "RJ",
        "id_tipousina": "UHE",
        "din_ano": year,
    }
    rows = room.rows(room.ingest("IND_DISPONIBILIDADE_FCGERACAO_UGE_ANUAL.csv", csv([row])))
    assert {str(moment) for moment in rows["timestamp"]} == {"2023-01-01 03:00:00+00:00"}


# -- others --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "flag"),
    [("hora_verificada", "flg_operasincrono"), ("Hora_verificada", "flg_sincrono")],
)
def test_the_renamed_columns_of_synchronous_operation(room: Any, hour: str, flag: str) -> None:
    row = {
        "dat_verificada": "2024-05-01", hour: "12:00", "tip_usina": "MP", "nom_usina": "FURNAS",
        "nom_unidadegeradora": "UG 1", "cod_usinadpp": "6", "cod_ugedpp": "1001",
        "cod_pontomedicao": "MGFURUHUG1", flag: "1", "dsc_comentario": "",
    }  # fmt: skip
    content = csv([row, {**row, hour: "19:00", flag: "0"}])
    rows = room.rows(room.ingest("UGE_OPERA_CSI_2024.csv", content))
    assert dict(zip(rows["hora_verificada"], rows["value"], strict=True)) == {
        "12:00": 1.0,
        "19:00": 0.0,
    }


def test_the_contracted_use_has_a_decimal_comma(room: Any) -> None:
    row = {
        "dat_verificada": "2026-02-01", "hor_verificada": "00:00", "cod_pontoconexao": "MGPI2  ",
        "nom_conjunto": "Conj. Pirapora 2", "flg_cpsa": "1", "dsc_comentario": "",
    }  # fmt: skip
    texts = ["328,000", "481,1", "1.234,56", "328"]
    content = csv([{**row, "ceg": f"UFV.{n}", "val_must": text} for n, text in enumerate(texts)])
    rows = room.rows(room.ingest("USI_SERVICOANCILAR_SANDBOX_2026_02.csv", content))
    assert sorted(values(rows, "transmission_use")) == [328.0, 328.0, 481.1, 1234.56]


# -- real files ----------------------------------------------------------------------------------

DATA = Path(__file__).parents[4] / "shared" / "data"
LINES = DATA / "linha-transmissao"


def raw(path: Path) -> pd.DataFrame:
    """A file's cells as texts without outer blanks, empty ones as null; dates as days."""
    if path.suffix == ".csv":
        cells = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False)
    else:
        cells = pd.read_excel(path, engine="openpyxl")
        for name in cells:
            if pd.api.types.is_datetime64_any_dtype(cells[name]):
                cells[name] = cells[name].dt.strftime("%Y-%m-%d")
        cells = cells.astype("object").where(cells.notna(), "").astype(str)
    return cells.apply(lambda column: column.str.strip()).replace("", None)


def agrees(room: Any, path: Path) -> pd.DataFrame:
    """The rows of a reference file are those pandas finds: texts, numbers, days and nulls."""
    expected = raw(path)
    outcome = room.ingest(path.name, path.read_bytes())
    rows = room.rows(outcome)
    dataset = catalog()[outcome.dataset]
    assert dataset.dataset == path.parent.name
    assert outcome.rows_read == len(expected) == len(rows)
    assert not rows.duplicated(subset=list(dataset.key)).any()
    for column in dataset.columns:
        if column.role == "unused":
            continue
        said, found = expected[column.name], rows[column.name]
        assert found.isna().sum() == said.isna().sum(), column.name
        if column.type == "number":
            assert found.sum() == pytest.approx(said.astype("float64").sum(), rel=1e-12)
        elif column.name not in {"num_barra", "num_barra_de", "num_barra_para"}:
            texts = found.dropna().astype(str)
            assert sorted(texts) == sorted(said.dropna()), column.name
    return rows


@pytest.mark.shared
@pytest.mark.parametrize("name", ["LINHA_TRANSMISSAO.csv", "LINHA_TRANSMISSAO.xlsx"])
def test_the_lines_are_those_of_the_file(room: Any, name: str) -> None:
    rows = agrees(room, LINES / name)
    assert set(rows["state"].dropna()) >= {"SP", "BA", "PY"}
    assert set(rows["quality_flag"]) == {"ok", "missing"}
    active = rows[rows["dat_desativacao"].isna()]
    assert 150_000 < active["val_comprimento"].sum() < 250_000


@pytest.mark.shared
def test_padding_of_the_spreadsheet_tells_no_lines_apart(make_room: Any) -> None:
    """The two files are months apart; lines of both have the same texts in both."""
    names = ["nom_subestacao_de", "nom_subestacao_para", "nom_tipoderede", "nom_tipolinha"]
    key = list(catalog()["linha-transmissao"].key)
    both = []
    for suffix in ("csv", "xlsx"):
        room, path = make_room(), LINES / f"LINHA_TRANSMISSAO.{suffix}"
        rows = room.rows(room.ingest(path.name, path.read_bytes()))
        both.append(rows.astype(dict.fromkeys([*key, *names], "object")).set_index(key)[names])
    shared = both[0].index.intersection(both[1].index)
    assert len(shared) > 0.95 * len(both[0])
    pd.testing.assert_frame_equal(both[0].loc[shared], both[1].loc[shared])


@pytest.mark.shared
def test_the_substations_are_those_of_the_file(room: Any) -> None:
    rows = agrees(room, DATA / "subestacao" / "SUBESTACAO.csv")
    assert rows["entity_id"].nunique() == 931
    assert rows["val_latitude"].between(-34, 6).sum() == rows["val_latitude"].notna().sum()


@pytest.mark.shared
def test_a_real_row_of_curtailment(room: Any) -> None:
    path = next((DATA / "_excerpts").glob("RESTRICAO_COFF_EOLICA_*"))
    outcome = room.ingest("RESTRICAO_COFF_EOLICA_2026_09.csv", path.read_bytes())
    rows = room.rows(outcome)
    assert values(rows, "curtailed_power") == pytest.approx(values(rows, "unrealised_generation"))
    assert set(rows["entity_id"]) == {"CJU_MAPLN"}
    assert str(rows["timestamp"].iloc[0]) == "2026-09-01 13:00:00+00:00"
