"""Files as ONS serves them over the years, and files gone wrong: each is told, right and exact.

`drift_files.yaml` holds small files of nearly every dataset with the spellings, columns and forms
that changed over the years, and what must come of each.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from ons_platform.catalog.registry import catalog
from ons_platform.errors import RejectedFile, UnknownDataset
from ons_platform.ingest.outcome import Outcome
from ons_platform.ingest.reading.header import recognise
from ons_platform.ingest.reports.place import report_path

FILES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("drift_files.yaml").read_text(encoding="utf-8")
)
BY_NAME = {file["name"]: file for file in FILES}
PROVENANCE = ["processed_at", "processor_version", "source_file"]
LOAD = "CURVA_CARGA_2021.csv"


def text(file: dict[str, Any]) -> str:
    lines = [row.replace("{t}", t) for t in file.get("times", [""]) for row in file["rows"]]
    return "".join(f"{line}\n" for line in [file["header"], *lines])


def number(cell: str, *, brazilian: bool) -> float:
    return float(cell.replace(".", "").replace(",", ".") if brazilian else cell)


class Bench:
    """A small platform and what of it a test looks at."""

    def __init__(self, platform: Any) -> None:
        self._platform = platform

    def load(self, name: str, content: bytes) -> tuple[Outcome, pd.DataFrame]:
        """The file's outcome and all rows of the partitions it touched."""
        version = self._platform.received(f"year=2026/{name}", content)
        outcome = self._platform.deliver(version)
        frames = []
        for partition in outcome.partitions:
            name = f"{partition}/{outcome.dataset}.parquet"
            with self._platform.zones.processed.as_file(name) as path:
                frames.append(pd.read_parquet(path))
        return outcome, pd.concat(frames, ignore_index=True)

    def objects(self, prefix: str) -> list[str]:
        """Paths in the processed zone."""
        return [info.path for info in self._platform.zones.processed.list(prefix)]

    def report(self, outcome: Outcome) -> dict[str, Any]:
        """The quality report of the version loaded last."""
        assert outcome.rows_written
        path = report_path(self._platform.versions[-1])
        return dict(json.loads(self._platform.zones.processed.get_bytes(path)))


@pytest.fixture
def bench(small_platform: Any, tmp_path: Path) -> Any:
    platform = small_platform.at(tmp_path)
    yield Bench(platform)
    platform.close()


def plain(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows without where they came from, as text, in an order of their own."""
    rows = rows.drop(columns=[name for name in PROVENANCE if name in rows])
    rows = rows.astype("object").astype(str).reindex(columns=sorted(rows.columns))
    return rows.sort_values(list(rows.columns), ignore_index=True)


def check_numbers(content: str, rows: pd.DataFrame, dataset: Any) -> None:
    """Count, empty cells and sum of every number column, read here by `csv` and `float` alone."""
    table = pd.DataFrame(list(csv.DictReader(io.StringIO(content), delimiter=";")))
    table.columns = table.columns.str.lower()
    kinds = {measure.column: measure for measure in dataset.measures}
    for column in dataset.columns:
        name = next((n for n in (column.name.lower(), *column.aliases) if n in table), None)
        if column.type != "number" or column.role not in ("measure", "attribute") or not name:
            continue
        if dataset.kind == "reference":
            values = rows[column.name]
        elif column.name in kinds:
            of_measure = rows["measurement_type"].isin(kinds[column.name].measurement_types)
            if kinds[column.name].energy_source:
                of_measure &= rows["energy_source"] == kinds[column.name].energy_source
            values = rows.loc[of_measure, "value"]
        else:
            continue
        cells = [cell.strip() for cell in table[name]]
        comma = any("," in cell for cell in cells)
        expected = [number(cell, brazilian=comma) for cell in cells if cell]
        assert (values.notna().sum(), values.isna().sum()) == (
            len(expected),
            len(cells) - len(expected),
        ), name
        assert math.isclose(values.sum(), math.fsum(expected), rel_tol=1e-12, abs_tol=1e-12), name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_a_file_comes_whole_and_right_in_every_format(bench: Bench, file: dict[str, Any]) -> None:
    dataset, content = catalog()[file["dataset"]], text(file)
    outcome, rows = bench.load(file["name"], content.encode())
    assert outcome.dataset == file["dataset"]
    assert outcome.rows_read == content.count("\n") - 1
    assert not rows.duplicated(list(dataset.key)).any()
    if outcome.rows_skipped == 0:
        check_numbers(content, rows, dataset)
    if dataset.kind == "series":
        ends = [rows["timestamp"].min(), rows["timestamp"].max()]
        assert [instant.strftime("%Y-%m-%dT%H:%M") for instant in ends] == file["utc"]
        for name, column in (("regions", "region"), ("sources", "energy_source")):
            assert sorted(set(rows[column].dropna().astype("object"))) == file.get(name, [])
    flags = rows["quality_flag"].astype("object").value_counts().to_dict()
    assert {flag: count for flag, count in flags.items() if flag != "ok"} == file.get("flags", {})

    name, other = FORMATS[FILES.index(file) % len(FORMATS)](file["name"], content)
    again, rows_again = bench.load(name, other)
    assert again.dataset == file["dataset"]
    pd.testing.assert_frame_equal(plain(rows), plain(rows_again))


def frame(content: str, *, numbers: bool) -> pd.DataFrame:
    """As a program that knows types writes it: dates are dates, and numbers are where asked."""
    table = pd.read_csv(io.StringIO(content), sep=";", dtype=str, keep_default_na=False)
    typed = {}
    for name, cells in table.items():
        filled = cells.str.strip() != ""
        column = cells.where(filled, None)
        stamps = r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?"
        if filled.any() and cells[filled].str.fullmatch(stamps).all():
            typed[name] = pd.to_datetime(column, format="ISO8601")
        elif numbers and filled.any() and cells[filled].str.fullmatch(r"-?\d+\.\d+").all():
            typed[name] = column.astype("float64")
        else:
            typed[name] = column
    return pd.DataFrame(typed)


def parquet_of_texts(name: str, content: str) -> tuple[str, bytes]:
    return name.replace(".csv", ".parquet"), frame(content, numbers=False).to_parquet(index=False)


def parquet_of_doubles(name: str, content: str) -> tuple[str, bytes]:
    return name.replace(".csv", ".parquet"), frame(content, numbers=True).to_parquet(index=False)


def workbook(name: str, content: str) -> tuple[str, bytes]:
    stream = io.BytesIO()
    frame(content, numbers=True).to_excel(stream, index=False)
    return name.replace(".csv", ".xlsx"), stream.getvalue()


def tabs_of_windows(name: str, content: str) -> tuple[str, bytes]:
    table = content.replace(";", "\t").replace("\n", "\r\n")
    return name.lower(), table.encode("cp1252")


def packed(name: str, content: str) -> tuple[str, bytes]:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("leia-me.txt", "dados abertos")
        archive.writestr(name, "\ufeff" + content)
    return "download.zip", stream.getvalue()


FORMATS: tuple[Callable[[str, str], tuple[str, bytes]], ...] = (
    parquet_of_texts, parquet_of_doubles, workbook, tabs_of_windows, packed,
)  # fmt: skip


def told(header: list[str]) -> list[str]:
    """The dataset a header tells, or those it fits equally well."""
    try:
        return [recognise("download.csv", header, catalog()).match.dataset.dataset]
    except UnknownDataset as refusal:
        return list(refusal.where.get("candidates", []))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_columns_alone_never_tell_another_dataset(file: dict[str, Any]) -> None:
    assert file["dataset"] in told(file["header"].split(";"))


NAMES = {
    "FATOR_CAPACIDADE_2021.parquet": "fator-capacidade-2",
    "FATOR_CAPACIDADE-2_2022_01.xlsx": "fator-capacidade-2",
    "GERACAO_USINA_2010.csv": "geracao-usina-2",
    "GERACAO_USINA-2_2000.csv.gz": "geracao-usina-2",
    "GERACAO_TERMICA_DESPACHO_2013.csv": "geracao-termica-despacho-2",
    "GERACAO_TERMICA_DESPACHO-2_2026_09.parquet": "geracao-termica-despacho-2",
    "CargaGlobalRoraima-2022.csv": "cargaglobal-roraima",
    "classificacao_evt.parquet": "classificacao-evt",
    "ENERGIA_VERTIDA_TURBINAVEL_2015.csv": "energia-vertida-turbinavel",
    "RESTRICAO_COFF_FOTOVOLTAICA_2025_01.csv": "restricao-coff-fotovoltaica",
    "RESTRICAO_COFF_FOTOVOLTAICA_DETAIL_2024_04.csv": "restricao-coff-fotovoltaica-detail",
    "RES_VOLUMEESPERA_2027.csv": "res-volumeespera",
    "TAXA_TEIF_TEIP_OPER.csv": "taxa-teif-teip-oper",
    "TAXA_TEIF_TEIP_PARAM_2026.csv": "taxa-teif-teip-parametro",
    "Carga_Energia_2011.CSV": "carga-energia",
    "SNAP2023-10__CURVA_CARGA_2010.csv": "curva-carga",
    "Cópia de CURVA_CARGA_2010 (1).csv": "curva-carga",
    "PROGRAMACAO_X_PREVISAO_2024_10_01.csv": "programacao-x-previsao",
    "CURVA_CARGA_2023_13.csv": None,
    "CURVA_CARGA_20231.csv": None,
    "DicionarioDados_CurvaCarga.csv": None,
}


@pytest.mark.parametrize(("name", "slug"), NAMES.items())
def test_a_name_tells_its_dataset_and_no_other(name: str, slug: str | None) -> None:
    found = catalog().by_name(name)
    assert (found.dataset if found else None) == slug


SCALED = [
    "BALANCO_ENERGIA_SUBSISTEMA_2022.csv", "CARGA_ENERGIA_2025.csv", "CMO_SEMANAL_2008.csv",
    "CMO_SEMIHORARIO_2024.csv", "CURVA_CARGA_2005.csv", "CVU_USINA_TERMICA_2015.csv",
    "DADOS_HIDROLOGICOS_RES_2003.csv", "DISPONIBILIDADE_USINA_2019_02.csv",
    "EAR_DIARIO_SUBSISTEMA_2026.csv", "ENA_DIARIO_SUBSISTEMA_2010.csv",
    "FATOR_CAPACIDADE_2020.csv", "GERACAO_USINA_2019.csv", "INTERCAMBIO_NACIONAL_2003.csv",
    "OFERTA_PRECO_IMPORTACAO_2022.csv", "RESTRICAO_COFF_EOLICA_2024_02.csv",
]  # fmt: skip


def thousandfold(cell: str) -> str:
    return f"{float(cell) * 1000:.8f}" if re.fullmatch(r"-?\d+\.\d+", cell) else cell


def without_point(cell: str) -> str:
    return cell.replace(".", "") if re.fullmatch(r"-?\d+\.\d+", cell) else cell


@pytest.mark.parametrize("damage", [thousandfold, without_point])
@pytest.mark.parametrize("name", SCALED)
def test_a_lost_decimal_point_is_refused(
    bench: Bench, name: str, damage: Callable[[str], str]
) -> None:
    lines = [line.split(";") for line in text(BY_NAME[name]).splitlines()]
    damaged = "".join(";".join(map(damage, line)) + "\n" for line in lines)
    with pytest.raises(RejectedFile) as refusal:
        bench.load(name, damaged.encode())
    assert refusal.value.where["code"] in {
        "implausible_values", "lost_point", "lost_points", "unreadable_cells",
    }  # fmt: skip
    assert refusal.value.where["column"] in damaged.splitlines()[0]


def zipped(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def hourly_load(hours: int) -> bytes:
    """Hours of one subsystem, all different."""
    start = pd.Timestamp("2021-01-01")
    rows = [f"S;SUL;{start + pd.Timedelta(hours=k)};{9000 + k}.5\n" for k in range(hours)]
    return (BY_NAME[LOAD]["header"] + "\n" + "".join(rows)).encode()


GOOD = text(BY_NAME[LOAD]).encode()
HEADER = GOOD.split(b"\n")[0] + b"\n"
SWAPPED = (
    b"id_subsistema;nom_subsistema;val_cargaenergiahomwmed;din_instante\n" + GOOD[len(HEADER) :]
)
DAYS_ONLY = re.sub(rb" \d\d:\d\d:\d\d;", b";", hourly_load(48))
AMERICAN = re.sub(rb"(\d{4})-(\d\d)-(\d\d)", rb"\2/\3/\1", GOOD)
SHORT_GZ = gzip.compress(GOOD)[:-4] + (2**31).to_bytes(4, "little")
PAGE = b"<!DOCTYPE html>\n<html><head><title>503</title></head><body>Erro;</body></html>"
WRONG: dict[str, tuple[str, bytes, str]] = {
    "no bytes": (LOAD, b"", "empty_file"),
    "blanks": (LOAD, b"\n \n\n", "blank_file"),
    "header only": (LOAD, HEADER, "header_only"),
    "a web page": (LOAD, PAGE, "wrong_kind"),
    "a web page as workbook": ("CURVA_CARGA_2021.xlsx", PAGE, "wrong_kind"),
    "an error of S3": (LOAD, b'<?xml version="1.0"?>\n<Error/>', "wrong_kind"),
    "a workbook as csv": (LOAD, workbook(LOAD, GOOD.decode())[1], "wrong_kind"),
    "a csv as workbook": ("CURVA_CARGA_2021.xlsx", GOOD, "broken_file"),
    "a csv as parquet": ("CURVA_CARGA_2021.parquet", GOOD, "broken_file"),
    "an empty archive": ("CURVA_CARGA_2021.zip", zipped(), "no_table"),
    "two tables": ("CURVA_CARGA.zip", zipped((LOAD, GOOD), ("b.csv", GOOD)), "many_tables"),
    "an archive inside": ("a.zip", zipped(("b.zip", zipped((LOAD, GOOD)))), "nested_archive"),
    "a bomb": ("CURVA_CARGA_2021.zip", zipped((LOAD, bytes(30_000_000))), "expands_too_much"),
    "a wrong length": ("CURVA_CARGA_2021.csv.gz", SHORT_GZ, "broken_file"),
    "cut short": ("CURVA_CARGA_2021.csv.gz", gzip.compress(GOOD)[:-20], "broken_file"),
    "a dos code page": (LOAD, GOOD.replace(b"NORTE", "É".encode("cp850")), "not_text"),
    "another dataset": ("CARGA_ENERGIA_2021.csv", GOOD, "missing_columns"),
    "months before days": (LOAD, AMERICAN, "unreadable_dates"),
    "hours lost from the dates": (LOAD, DAYS_ONLY, "keys_repeat"),
    "a century later": (LOAD, GOOD.replace(b"2021-", b"2121-"), "unreadable_dates"),
    "instants for values": (LOAD, SWAPPED, "unreadable_dates"),
    "nobody's table": ("vendas.csv", b"produto;preco\nabacaxi;1.0\n", "unknown_dataset"),
    "an empty answer": ("CARGA_VERIFICADA_2024.json", b"[]", "no_records"),
    "an error in json": ("CARGA_VERIFICADA_2024.json", b'{"message": "x"}', "missing_columns"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_with_its_reason(bench: Bench, case: str) -> None:
    name, content, code = WRONG[case]
    with pytest.raises(RejectedFile) as refusal:
        bench.load(name, content)
    assert refusal.value.where["code"] == code
    assert name in refusal.value.message
    assert name in refusal.value.where["message_pt"]
    assert refusal.value.message != refusal.value.where["message_pt"]


def test_nothing_is_left_of_a_file_refused_at_the_end(bench: Bench) -> None:
    with pytest.raises(RejectedFile):
        bench.load(LOAD, DAYS_ONLY)
    assert bench.objects("_slices/") == []


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("CURVA_CARGA_2021.csv", False),
        ("CURVA_CARGA_2015.csv", True),
        ("CURVA_CARGA_2021_01.csv", False),
        ("CURVA_CARGA_2021_02.csv", True),
        ("CURVA_CARGA.csv", False),
    ],
)
def test_a_file_of_another_time_than_its_name_says(bench: Bench, name: str, warned: bool) -> None:
    outcome, _ = bench.load(name, hourly_load(24 * 31))
    codes = [warning["code"] for warning in bench.report(outcome)["warnings"]]
    assert ("other_period" in codes) == warned


def test_both_portals_hold_one_generation(bench: Bench) -> None:
    """The old portal's files have no `id_ons`: the same plant and hour is still one value."""
    head = (
        "din_instante;id_subsistema;nom_subsistema;id_estado;nom_estado;cod_modalidadeoperacao;"
        "nom_tipousina;nom_tipocombustivel;nom_usina;{id}ceg;val_geracao\n"
    )
    row = (
        "2019-02-15 0{hour}:00:00;SE;SUDESTE;MG;MINAS GERAIS;TIPO I;HIDROELÉTRICA;HÍDRICA;FURNAS;"
        "{id}UHE.PH.MG.001007-7.01;{value}\n"
    )

    def portal(mark: str, column: str, value: float) -> bytes:
        rows = "".join(row.format(hour=hour, id=mark, value=value + hour) for hour in range(5))
        return (head.format(id=column) + rows).encode()

    bench.load("GERACAO_USINA_2019.csv", portal("", "", 500.0))
    _, rows = bench.load("GERACAO_USINA-2_2019.csv", portal("MGUFUR;", "id_ons;", 600.0))
    assert sorted(rows["value"]) == [600.0, 601.0, 602.0, 603.0, 604.0]
    assert set(rows["entity_id"]) == {"MGUFUR"}
