"""Storage, inflow, hydrology and cost: what their files do that others do not."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from ons_platform.catalog.model import Dataset, Measure
from ons_platform.catalog.registry import catalog
from ons_platform.catalog.vocabulary import fold
from ons_platform.errors import MalformedFile
from ons_platform.questions.metrics import MetricOf, names_of

EAR = tuple(item for item in catalog() if item.dataset.startswith("ear-diario-por-"))
ENA = tuple(item for item in catalog() if item.dataset.startswith("ena-diario-por-"))
OTHERS = (
    "classificacao-evt", "cmo-semanal", "cvu-usitermica", "dados-hidrologicos-ho",
    "dados-hidrologicos-res", "energia-vertida-turbinavel", "grandezas-fluviometricas",
    "res-volumeespera", "reservatorio",
)  # fmt: skip
HYDRO = (*EAR, *ENA, *(catalog()[slug] for slug in OTHERS))
every = pytest.mark.parametrize("dataset", HYDRO, ids=lambda item: item.dataset)

Make = Callable[[], Any]


def csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as ONS writes them; a missing cell is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [";".join(str(row.get(name, "")) for name in names) for row in rows]
    return "\n".join([";".join(names), *lines]) + "\n"


def of(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Rows of a measurement type in order of time and region."""
    return rows[rows["measurement_type"] == kind].sort_values(["timestamp", "region"])


def civil(rows: pd.DataFrame) -> list[str]:
    """Starts of the intervals as a clock in Brasília shows them."""
    local = rows["timestamp"].dt.tz_convert("America/Sao_Paulo")
    return [f"{moment:%Y-%m-%d %H:%M}" for moment in local]


# -- stored energy -------------------------------------------------------------------------------


def storage(region: str, day: str, most: str, energy: str, percent: str) -> dict[str, str]:
    return {
        "id_subsistema": region,
        "nom_subsistema": f" {region}X ",
        "ear_data": day,
        "ear_max_subsistema": most,
        "ear_verif_subsistema_mwmes": energy,
        "ear_verif_subsistema_percentual": percent,
    }


def test_the_percentage_of_the_system_follows_from_what_is_kept(room: Any) -> None:
    """The mean of the percentages (35) is not the system's (28): energies and capacities add up."""
    rows = [
        storage("SE ", "2025-12-31", "200000.0", "50000.0", "25.0"),
        storage("S  ", "2025-12-31", "2.0E4", "10000.00000000", "50.0"),
        storage("NE ", "2025-12-31", "50000.0", "15000.0", "30.0"),
        storage("N  ", "2025-12-31", "15000.0", "0E-8", "0E-8"),
    ]
    kept = room.rows(room.ingest("EAR_DIARIO_SUBSISTEMA_2025.csv", csv(rows)))
    energy, most = of(kept, "stored_energy"), of(kept, "stored_energy_max")
    assert set(kept["region"]) == {"SE", "S", "NE", "N"}
    assert 100 * energy["value"].sum() / most["value"].sum() == pytest.approx(26.315789)
    own = 100 * energy["value"].to_numpy() / most["value"].to_numpy()
    assert own == pytest.approx(of(kept, "stored_energy_percent")["value"].to_numpy())


@pytest.mark.parametrize(
    ("slug", "file", "column"),
    [
        ("ear-diario-por-bacia", "EAR_DIARIO_BACIAS_2026.csv", "bacia"),
        (
            "ear-diario-por-ree-reservatorio-equivalente-de-energia",
            "EAR_DIARIO_REE_2026.csv",
            "ree",
        ),
    ],
)
def test_a_basin_called_like_a_subsystem_is_none(
    room: Any, slug: str, file: str, column: str
) -> None:
    """Negative storage is kept and flagged; more than full is a flood, not an error."""
    name = next(c.name for c in catalog()[slug].columns if c.role == "entity_name")
    rows = [
        {name: who, "ear_data": "2026-01-01", f"ear_max_{column}": 290.0,
         f"ear_verif_{column}_mwmes": energy, f"ear_verif_{column}_percentual": energy / 2.9}
        for who, energy in (("SUDESTE", -31.25), ("SUL ", 440.5))
    ]  # fmt: skip
    kept = room.rows(room.ingest(file, csv(rows)))
    assert set(kept["entity_name"]) == {"SUDESTE", "SUL"}
    assert kept["region"].isna().all()
    flags = of(kept, "stored_energy").set_index("entity_name")["quality_flag"]
    assert flags.to_dict() == {"SUDESTE": "out_of_range", "SUL": "ok"}
    assert "out_of_range" not in set(kept[kept["entity_name"] == "SUL"]["quality_flag"])


@pytest.mark.parametrize("kind", ["ear", "ena"])
def test_a_code_written_as_integer_or_decimal_is_one_code(make_room: Make, kind: str) -> None:
    dataset = catalog()[f"{kind}-diario-por-reservatorio"]
    room = make_room()
    found = pd.DataFrame()
    for code in ("18", "18.0"):
        row = {c.name: "1" for c in dataset.columns if c.role == "measure"}
        row |= {"nom_reservatorio": "A. VERMELHA ", "cod_resplanejamento": code}
        row |= {"tip_reservatorio": "RESERVATÓRIO COM USINA", "nom_bacia": "GRANDE "}
        row |= {"nom_ree": "PARANA", "id_subsistema": "SE ", f"{kind}_data": "2026-01-01"}
        row |= {"id_subsistema_jusante": ""} if kind == "ear" else {}
        found = room.rows(room.ingest(f"{kind}_diario_reservatorios_2026.csv", csv([row])))
    assert len(found) == len(dataset.measures)
    assert set(found["cod_resplanejamento"]) == {18.0}
    assert set(found["nom_bacia"]) == {"GRANDE"}


# -- hydrology -----------------------------------------------------------------------------------


def test_the_hourly_instant_ends_its_hour(room: Any) -> None:
    rows = [
        {"id_subsistema": "S ", "tip_reservatorio": "Fio dagua      ", "nom_bacia": "URUGUAI   ",
         "id_reservatorio": "RIUHSR", "nom_reservatorio": "SAO ROQUE     ", "cod_usina": "88",
         "din_instante": instant, "val_nivelmontante": level, "val_niveljusante": "708.1",
         "val_volumeutil": "-276.75", "val_vazaoafluente": "840452.5", "val_vazaodefluente": "9",
         "val_vazaoturbinada": "9", "val_vazaovertida": "0.0", "val_vazaooutrasestruturas": "",
         "val_vazaotransferida": "", "val_vazaovertidanaoturbinavel": ""}
        for instant, level in (("2026-09-01 01:00:00", "760.9"), ("2026-10-01 00:00:00", "760.8"))
    ]  # fmt: skip
    outcome = room.ingest("DADOS_HIDROLOGICOS_HO_2026_09.csv", csv(rows))
    kept = room.rows(outcome)
    assert civil(of(kept, "level_upstream")) == ["2026-09-01 00:00", "2026-09-30 23:00"]
    assert {path.rsplit("month=", 1)[1][:2] for path in outcome.partitions} == {"09"}
    assert set(of(kept, "useful_volume")["quality_flag"]) == {"out_of_range"}
    assert set(of(kept, "inflow")["quality_flag"]) == {"out_of_range"}
    assert set(kept["entity_name"]) == {"SAO ROQUE"}


def test_daily_files_differ_in_columns_and_order_over_the_years(make_room: Make) -> None:
    """Without the reservoir's id and the newest flow, or with them elsewhere: the same values."""
    dataset = catalog()["dados-hidrologicos-res"]
    row = {c.name: "5" for c in dataset.columns if c.role == "measure"}
    row |= {"id_subsistema": "NE ", "tip_reservatorio": "FIO", "nom_bacia": "DOCE", "nom_ree": ""}
    row |= {"nom_reservatorio": "ITAPEBI", "num_ordemcs": "68.0", "cod_usina": "154.0"}
    row |= {"din_instante": "2000-01-01", "id_reservatorio": "JEUITP"}
    new = make_room()
    rows = new.rows(new.ingest("DADOS_HIDROLOGICOS_RES_2000.csv", csv([row])))
    missing = ("id_reservatorio", "val_vazaoincrementalbruta")
    old = {name: text for name, text in row.items() if name not in missing}
    room = make_room()
    olds = room.rows(room.ingest("DADOS_HIDROLOGICOS_RES_2000.csv", csv([old])))
    assert set(rows["entity_id"]) == {"JEUITP"}
    assert olds["entity_id"].isna().all()
    kinds = set(rows["measurement_type"])
    assert kinds - set(olds["measurement_type"]) == {"gross_incremental_flow"}
    assert set(olds["value"]) == set(rows["value"]) == {5.0}


@pytest.mark.parametrize("name", ["id_reservatorio", "res_id"])
def test_a_reservoir_of_several_plants_has_several_rows(make_room: Make, name: str) -> None:
    dataset = catalog()["reservatorio"]
    row = {c.name: "1" for c in dataset.columns if c.type == "number"}
    row |= {"nom_reservatorio": "ITAIPU", "tip_reservatorio": "FIO DAGUA", "ceg": "UHE.PH.PR"}
    row |= {"id_subsistema": "SE", "nom_bacia": "PARANA", "nom_rio": "PARANÁ", "nom_ree": "ITAIPU"}
    row |= {
        "dat_entrada": "1984-02-01",
        "val_tipoperda": "m",
        "val_produtibilidadeespecifica": ".009",
    }
    plants = [row | {"nom_usina": f"ITAIPU {hertz} HZ", name: "PNITAI"} for hertz in (50, 60)]
    room = make_room()
    rows = room.rows(room.ingest("RESERVATORIOS.csv", csv(plants)))
    assert rows["nom_usina"].tolist() == ["ITAIPU 50 HZ", "ITAIPU 60 HZ"]
    assert set(rows["id_reservatorio"]) == set(rows["entity_id"]) == {"PNITAI"}
    assert set(rows["quality_flag"]) == {"ok"}


def test_a_waiting_volume_may_lie_ahead(room: Any) -> None:
    ahead = pd.Timestamp.now() + pd.Timedelta(days=200)
    rows = [
        {"id_subsistema": "SE ", "tip_reservatorio": "RCU", "nom_bacia": "GRANDE  ", "nom_ree": "X",
         "id_reservatorio": "GRFURN", "nom_reservatorio": "FURNAS", "cod_usina": 6,
         "num_ordemcs": "", "din_instante": f"{ahead:%Y-%m-%d}", "val_volumeespera": 95.4}
    ]  # fmt: skip
    kept = room.rows(room.ingest(f"RES_VOLUMEESPERA_{ahead:%Y}.csv", csv(rows)))
    assert civil(kept) == [f"{ahead:%Y-%m-%d} 00:00"]
    assert set(kept["quality_flag"]) == {"ok"}


def test_classified_spill_is_of_the_whole_system(room: Any) -> None:
    row = {"din_instante": "2024-01-01T00:00:00", "val_evt_verificado": "812.5"}
    row |= {"val_evt_razaoenergetica": "800.0", "val_evt_razaoeletrica": "12.5"}
    kept = room.rows(room.ingest("classificacao_evt.csv", csv([row])))
    assert set(kept["region"]) == {"SIN"}
    parts = of(kept, "turbinable_spilled_energy_energetic")["value"].sum()
    parts += of(kept, "turbinable_spilled_energy_electric")["value"].sum()
    assert parts == of(kept, "turbinable_spilled_energy")["value"].sum() == 812.5


# -- costs ---------------------------------------------------------------------------------------


def cost(plant: str, revision: int, value: float) -> dict[str, Any]:
    return {
        "dat_iniciosemana": "2026-09-12",
        "dat_fimsemana": "2026-09-18",
        "ano_referencia": 2026,
        "mes_referencia": 9,
        "num_revisao": revision,
        "nom_semanaoperativa": f"PMO Setembro 2026 - Revisão {revision}",
        "cod_usinaplanejamento": 15,
        "id_subsistema": "SE",
        "nom_subsistema": "Sudeste/Centro-Oeste",
        "nom_usina": plant,
        "val_cvu": value,
    }


def test_every_revision_of_a_cost_is_kept_and_a_row_said_twice_counts_once(room: Any) -> None:
    rows = [cost("LUIZORMELO", 1, 1700.5), *[cost("LUIZORMELO", 2, 1754.08)] * 2]
    outcome = room.ingest("CVU_USINA_TERMICA_2026.csv", csv(rows))
    kept = room.rows(outcome).sort_values("num_revisao")
    assert kept["value"].tolist() == [1700.5, 1754.08]
    assert set(kept["quality_flag"]) == {"ok"}
    assert civil(kept) == ["2026-09-12 00:00"] * 2
    assert outcome.rows_read == 3


def test_two_costs_of_one_revision_are_flagged(room: Any) -> None:
    rows = [cost("LUIZORMELO", 2, 1754.08), cost("LUIZORMELO", 2, 1760.0)]
    kept = room.rows(room.ingest("CVU_USINA_TERMICA_2026.csv", csv(rows)))
    assert kept["value"].tolist() == [1760.0]
    assert set(kept["quality_flag"]) == {"duplicate"}


_TYPICAL = {
    ("ear-diario-por-subsistema", "stored_energy_percent"): "421293",
    ("ear-diario-por-subsistema", "stored_energy"): "86203074",
    ("ena-diario-por-subsistema", "ena_gross_mlt"): "13054319763",
    ("dados-hidrologicos-res", "useful_volume"): "3890999984741211",
    ("dados-hidrologicos-res", "inflow"): "21586000061035156",
    ("dados-hidrologicos-res", "level_upstream"): "10981999969482422",
    ("cmo-semanal", "cmo_weekly"): "62481",
    ("cvu-usitermica", "cvu"): "204593",
    ("res-volumeespera", "waiting_volume"): "9541",
}
"""What a typical value becomes when the decimal point is lost."""


@pytest.mark.parametrize(("slug", "kind"), _TYPICAL)
def test_a_file_that_lost_its_decimal_point_is_refused(
    make_room: Make, slug: str, kind: str
) -> None:
    dataset = catalog()[slug]
    measure = next(item for item in dataset.measures if item.measurement_type == kind)
    with pytest.raises(MalformedFile, match=measure.column):
        ingest_one(make_room(), dataset, measure, _TYPICAL[slug, kind])


def ingest_one(room: Any, dataset: Dataset, measure: Measure, text: str) -> None:
    """A row with this value in this column, and believable ones elsewhere."""
    row = {c.name: "1" for c in dataset.columns if c.type == "number"}
    row |= {c.name: "SE" for c in dataset.columns if c.type == "string"}
    row |= {c.name: "2026-01-02" for c in dataset.columns if c.type in {"date", "instant"}}
    name = dataset.files.patterns[0].replace("{YYYY}", "2026")
    room.ingest(f"{name}.csv", csv([row | {measure.column: text}]))


# -- what is asked -------------------------------------------------------------------------------


def meant(*said: str) -> MetricOf:
    """The metric that all the names said have in common and that is preferred."""
    found = names_of(catalog()).metrics
    common = set.intersection(
        *({(o.dataset.dataset, o.metric.id) for o in found[name]} for name in said)
    )
    options = [o for o in found[said[0]] if (o.dataset.dataset, o.metric.id) in common]
    return max(options, key=lambda option: option.metric.preference)


@pytest.mark.parametrize(
    ("said", "slug", "kind"),
    [
        (("energia armazenada",), "ear-diario-por-subsistema", "stored_energy_percent"),
        (("stored energy",), "ear-diario-por-subsistema", "stored_energy_percent"),
        (("ear",), "ear-diario-por-subsistema", "stored_energy_percent"),
        (("nivel dos reservatorios",), "ear-diario-por-subsistema", "stored_energy_percent"),
        (("energia armazenada", "mwmes"), "ear-diario-por-subsistema", "stored_energy"),
        (("stored energy", "mwmonth"), "ear-diario-por-subsistema", "stored_energy"),
        (("ear da bacia",), "ear-diario-por-bacia", "stored_energy_percent"),
        (("ear da bacia", "mwmes"), "ear-diario-por-bacia", "stored_energy"),
        (("ena",), "ena-diario-por-subsistema", "ena_gross"),
        (("ena", "% da mlt"), "ena-diario-por-subsistema", "ena_gross_mlt"),
        (("ena armazenavel", "mlt"), "ena-diario-por-subsistema", "ena_storable_mlt"),
        (("ena do ree", "mlt"), "ena-diario-por-ree-reservatorio-equivalente-de-energia",
         "ena_gross_mlt"),
        (("afluencia",), "ena-diario-por-subsistema", "ena_gross"),
        (("cvu",), "cvu-usitermica", "cvu"),
        (("custo variavel unitario",), "cvu-usitermica", "cvu"),
        (("evt",), "energia-vertida-turbinavel", "turbinable_spilled_energy"),
        (("volume de espera",), "res-volumeespera", "waiting_volume"),
        (("vazao media",), "grandezas-fluviometricas", "river_flow"),
        (("nivel",), "dados-hidrologicos-res", "level_upstream"),
        (("volume util",), "dados-hidrologicos-res", "useful_volume"),
        (("vazao natural",), "dados-hidrologicos-res", "natural_flow"),
        (("cmo patamar leve",), "cmo-semanal", "cmo_weekly_light"),
    ],
    ids=lambda item: "+".join(item) if isinstance(item, tuple) else None,
)  # fmt: skip
def test_what_a_name_means_first(said: tuple[str, ...], slug: str, kind: str) -> None:
    found = meant(*said)
    assert (found.dataset.dataset, found.metric.measurement_type) == (slug, kind)


@every
def test_only_what_adds_up_is_added_up(dataset: Dataset) -> None:
    """Percentages, levels, flows and prices of subsystems or reservoirs have no sum."""
    added = {m.unit for m in dataset.questions.metrics if m.sin == "sum"}
    assert added <= {"MWmed", "MWmes"}


@every
def test_names_are_written_as_they_are_compared(dataset: Dataset) -> None:
    groups = [dataset.questions.names, *(m.names for m in dataset.questions.metrics)]
    said = [name for names in groups for name in (*names.pt, *names.en)]
    assert said == [fold(name) for name in said]


def test_the_word_reservoir_belongs_to_the_question() -> None:
    names = names_of(catalog())
    assert "reservatorio" not in names.datasets
    assert not names.dataset_phrases.find("volume util do reservatorio de furnas")
    assert "cadastro de reservatorios" in names.datasets


# -- the real files ------------------------------------------------------------------------------

DATA = Path(__file__).parents[4] / "shared" / "data"
REAL = (
    "reservatorio/RESERVATORIOS.csv", "_excerpts/EAR_DIARIO_SUBSISTEMA_2025__tail.csv",
    "_excerpts/ENA_DIARIO_SUBSISTEMA_2024__tail.csv", "_excerpts/CVU_USINA_TERMICA_2026__tail.csv",
    "_excerpts/DADOS_HIDROLOGICOS_HO_2026_09__tail.csv",
)  # fmt: skip


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_a_real_file_is_kept_whole(room: Any, name: str) -> None:
    """Rows, nulls and sums of every measure are those pandas finds in the distinct rows."""
    outcome = room.ingest(Path(name).name, (DATA / name).read_bytes())
    kept, dataset = room.rows(outcome), catalog()[outcome.dataset]
    raw = pd.read_csv(DATA / name, sep=";")
    assert outcome.rows_read == len(raw)
    raw = raw.drop_duplicates()
    assert not kept.duplicated(list(dataset.key)).any()
    for measure in dataset.measures:
        series = dataset.kind == "series"
        rows = of(kept, measure.measurement_type)["value"] if series else kept[measure.column]
        expected = raw[measure.column]
        assert len(rows) == len(expected)
        assert int(rows.isna().sum()) == int(expected.isna().sum())
        assert rows.sum() == pytest.approx(expected.sum(), rel=1e-12)


MONTHS = ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez")


def month_table(*rows: Sequence[Any]) -> bytes:
    """A spreadsheet as ONS publishes natural flows: months across, a block of years per post."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in ((None, None, *MONTHS, "jan-dez", "máximo"), (), *rows):
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_monthly_flows_are_of_the_post_above_them_and_of_none_where_there_is_no_name(
    room: Any,
) -> None:
    """A block that lost its name does not take the place of the post before it."""
    sheet = month_table(
        ("CANOAS I (52)", 1931, *range(101, 113), 106.5, 112),
        (None, 1932, *range(201, 212), None, 206, 211),
        (None, "min(1931 - 1932)", *range(101, 113), 106.5, 112),
        (),
        (None, 1931, *range(1, 13), 6.5, 12),
        (None, 1932, *range(21, 33), 26.5, 32),
        ("MAUA (57)", 1931, *range(301, 313), 306.5, 312),
    )
    outcome = room.ingest("VAZOES_MENSAIS_1931_1932.xlsx", sheet)
    kept = room.rows(outcome)
    whose = kept["entity_name"].astype("object").fillna("")
    sums = kept["value"].groupby(whose).sum()
    expected = {"": 78 + 318, "CANOAS I (52)": 1278 + 2266, "MAUA (57)": 3678}
    assert sums.to_dict() == expected
    assert kept["quality_flag"].tolist().count("ok") == 59
    assert "row 7" in str(room.report(outcome))


@pytest.mark.shared
def test_the_real_table_of_flows_is_kept_whole(room: Any) -> None:
    path = DATA / "ons-vazoes" / "VAZOES_MENSAIS_1931_2019.xlsx"
    kept = room.rows(room.ingest(path.name, path.read_bytes()))
    raw = pd.read_excel(path, header=None, skiprows=1, usecols="A:N", engine="openpyxl")
    years = raw[pd.to_numeric(raw[1], errors="coerce").notna()]
    months = years[list(range(2, 14))].astype("float64")
    assert len(kept) == months.size
    assert kept["value"].isna().sum() == months.isna().sum().sum()
    assert kept["value"].sum() == pytest.approx(months.sum().sum(), rel=1e-12)
    assert not kept.duplicated(["timestamp", "entity_name"]).any()
    assert set(kept["quality_flag"]) == {"ok"}
    assert kept["entity_name"].nunique() == raw[0].nunique()
    first = pd.to_numeric(years[2]).to_numpy()
    january = kept[kept["timestamp"].dt.tz_convert("America/Sao_Paulo").dt.month == 1]
    assert january["value"].sum() == pytest.approx(first.sum())
