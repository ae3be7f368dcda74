"""One file through the whole room: what is kept, flagged, refused, and that repeating is safe."""

# ruff: noqa: DTZ001 - civil readings have no zone

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ons_platform import errors
from ons_platform.lake.ledger import Status

HEADER = "id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n"
NAME = "CURVA_CARGA_2023.csv"
COLUMNS = HEADER.strip().split(";")


def hours(count: int, value: str = "100.5") -> list[str]:
    start = datetime(2023, 1, 1)
    return [f"SE;SUDESTE;{start + timedelta(hours=hour)};{value}\n" for hour in range(count)]


def table(count: int = 30, value: str = "100.5") -> str:
    return HEADER + "".join(hours(count, value))


def xlsx(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_rows_are_canonical(room: Any) -> None:
    outcome = room.ingest(NAME, table(2))
    assert outcome.as_dict()["status"] == "processed"
    rows = room.rows(outcome)
    first = rows.iloc[0]
    assert first["timestamp"] == pd.Timestamp("2023-01-01T03:00:00Z")
    assert first[["dataset_type", "region", "measurement_type", "value", "unit"]].tolist() == [
        "consumption", "SE", "load", 100.5, "MWmed",
    ]  # fmt: skip
    assert first["source_file"] == "year=2023/CURVA_CARGA_2023.csv"
    assert first["quality_flag"] == "ok"
    assert pd.isna(first["energy_source"])


def test_the_ledger_keeps_the_metadata_of_the_raw_file(room: Any) -> None:
    version = room.put(NAME, table(2))
    room.process(version)
    entry = room.ledger.get(version.key, version.version_id)
    assert entry.status is Status.PROCESSED
    assert (entry.rows_read, entry.attempts, entry.reason) == (2, 1, None)
    assert set(entry.metadata) == {
        "source", "file_type", "upload_timestamp", "file_size_bytes", "checksum",
    }  # fmt: skip
    assert len(entry.metadata["checksum"]) == 64


def test_repeating_changes_nothing(room: Any) -> None:
    version = room.put(NAME, table())
    first = room.process(version)
    assert room.process(version) == first
    room.ledger.update(version, status=Status.RECEIVED)
    again = room.process(version)
    assert again == first
    assert len(room.rows(again)) == 30


def test_an_older_version_that_arrives_late_is_superseded(room: Any) -> None:
    old, new = room.put(NAME, table(5, "1"), 1), room.put(NAME, table(3, "2"), 2)
    room.process(new)
    late = room.process(old)
    assert late.status is Status.SUPERSEDED
    assert room.rows(late)["value"].tolist() == [2.0] * 3


def test_a_newer_version_that_failed_does_not_supersede(room: Any) -> None:
    old, new = room.put(NAME, table(5, "1"), 1), room.put(NAME, HEADER, 2)
    with pytest.raises(errors.EmptyFile):
        room.process(new)
    assert room.process(old).status is Status.PROCESSED


REFUSED: dict[str, tuple[str, bytes | str, type[errors.RejectedFile], str]] = {
    "nothing": (NAME, b"", errors.EmptyFile, "0 bytes"),
    "blanks": (NAME, b"\n \n", errors.EmptyFile, "blanks"),
    "header only": (NAME, HEADER, errors.EmptyFile, "no data rows"),
    "empty rows only": (NAME, HEADER + ";;;\n", errors.EmptyFile, "no data rows"),
    "wrong columns": (NAME, "a;din_instante\n1;2\n", errors.MalformedFile, "missing columns"),
    "column twice": (
        NAME, HEADER.strip() + ";id_subsistema\n", errors.MalformedFile, "more than once",
    ),
    "archive as csv": (NAME, b"PK\x03\x04\0" + os.urandom(999), errors.MalformedFile, "XLSX"),
    "web page as csv": (NAME, "<!DOCTYPE html>\n<html></html>", errors.MalformedFile, "web page"),
    "binary as csv": (NAME, bytes(range(1, 32)) * 9, errors.MalformedFile, "control"),
    "no encoding": (NAME, HEADER.encode() + b"\x81\x8d", errors.MalformedFile, "UTF-8"),
    "late nul": (NAME, table().encode() + b"\0" * 9, errors.MalformedFile, "NUL"),
    "one endless line": (NAME, b"x" * 3_000_000, errors.FileLimitExceeded, "1048576"),
    "a later endless line": (
        NAME, table() + "x" * 3_000_000, errors.FileLimitExceeded, "1048576",
    ),
    "too old": (NAME, table().replace("2023", "1890"), errors.MalformedFile, "1931"),
    "too far ahead": (NAME, table().replace("2023", "2090"), errors.MalformedFile, "2090"),
    "no dates": (NAME, table().replace("2023", "abcd"), errors.MalformedFile, "no date between"),
    "empty dates": (NAME, HEADER + "SE;S;;1\n", errors.MalformedFile, "no date between"),
    "no numbers": (NAME, table(value="?"), errors.MalformedFile, "cannot be read"),
    "infinite": (NAME, table(value="inf"), errors.MalformedFile, "cannot be read"),
    "lost decimal point": (NAME, table(value="2373699"), errors.MalformedFile, "decimal point"),
    "ragged": (NAME, table(9) + "SE;1\n" * 9, errors.MalformedFile, "columns of the header"),
    "truncated xlsx": ("CURVA_CARGA_2023.xlsx", xlsx([["a"]])[:900], errors.MalformedFile, "XLSX"),
    "not an xlsx": ("CURVA_CARGA_2023.xlsx", table(), errors.MalformedFile, "XLSX"),
    "empty xlsx": ("CURVA_CARGA_2023.xlsx", xlsx([]), errors.EmptyFile, "blanks"),
    "broken json": ("CURVA_CARGA_2023.json", '[{"a": ,}]', errors.MalformedFile, "JSON"),
    "not json": ("CURVA_CARGA_2023.json", "a;b", errors.MalformedFile, "JSON"),
    "json breaks off": ("CURVA_CARGA_2023.json", '[{"a": 1}', errors.MalformedFile, "JSON"),
    "json of bytes": ("CURVA_CARGA_2023.json", b"\xff\xfe[", errors.MalformedFile, "UTF-8"),
    "empty json": ("CURVA_CARGA_2023.json", "[]", errors.EmptyFile, "no record"),
    "not parquet": ("CURVA_CARGA_2023.parquet", table(), errors.MalformedFile, "Parquet"),
    "unknown": ("nada.csv", "a;b\n1;2\n", errors.UnknownDataset, "Nearest"),
    "unknown kind": ("nada.xyz", "1", errors.UnsupportedFile, "Supported: csv"),
    "a document": ("nada.pdf", "%PDF", errors.UnsupportedFile, "pdf"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_become_data_says_why(room: Any, case: str) -> None:
    name, content, kind, part = REFUSED[case]
    version = room.put(name, content)
    with pytest.raises(kind, match=part) as caught:
        room.process(version)
    assert type(caught.value) is kind
    assert caught.value.where["message_pt"]
    assert room.storage("raw").get_bytes(version.key, version.version_id) == (
        content if isinstance(content, bytes) else content.encode()
    )


def test_the_processor_leaves_its_reason_in_the_ledger(room: Any) -> None:
    version = room.put(NAME, table(value="?"))
    with pytest.raises(errors.MalformedFile):
        room.process(version)
    reason = room.ledger.get(version.key, version.version_id).reason
    assert reason["error"] == "MalformedFile"
    assert reason["places"][0] == {
        "row": 2, "column": COLUMNS[3], "value": "?", "expected": "number",
    }  # fmt: skip


def test_too_large_a_file_is_refused_before_it_is_read(room: Any) -> None:
    version = room.put(NAME, table())
    room.settings = room.settings.model_copy(update={"max_object_bytes": 100})
    with pytest.raises(errors.FileLimitExceeded, match="100"):
        room.process(version)


def test_a_right_name_with_another_datasets_columns_names_that_dataset(room: Any) -> None:
    content = "id_subsistema;din_instante;val_cargaenergiamwmed\nSE;2023-01-01;1\n"
    with pytest.raises(errors.MalformedFile, match="carga-energia"):
        room.ingest(NAME, content)


def test_a_few_bad_cells_are_flagged_and_listed(room: Any) -> None:
    rows = hours(300)
    rows[100] = rows[100].replace("100.5", "abc")
    rows[200] = rows[200].replace("100.5", "")
    rows[201] = rows[201].replace("100.5", "-5")
    outcome = room.ingest(NAME, HEADER + "".join(rows) + "SE;1\n")
    report = room.report(outcome)
    assert report["flags"] == {
        "invalid": 1, "missing": 1, "out_of_range": 1, "suspect": 1, "ok": 296,
    }  # fmt: skip
    assert (outcome.rows_read, outcome.rows_written, outcome.rows_flagged) == (301, 300, 4)
    assert [place["row"] for place in report["places"]] == [102, 203, 302]
    assert report["skipped"]["unreadable_row"]["rows"] == 1
    assert {item["code"] for item in report["warnings"]} >= {"tolerant", "skipped", "beside_damage"}
    assert all(item["pt"] and item["en"] for item in report["warnings"])


def test_unknown_words_and_columns_are_kept_or_listed_never_dropped(room: Any) -> None:
    content = (HEADER.strip() + ";nova\n" + hours(1)[0].strip() + ";x\n").replace("SE;", "Açores;")
    outcome = room.ingest("minha.csv", content)
    assert room.rows(outcome)["region"].tolist() == ["ACORES"]
    codes = {item["code"]: item for item in room.report(outcome)["warnings"]}
    assert set(codes) >= {"unknown_region", "extra_columns", "recognised_by_columns"}
    assert codes["extra_columns"]["columns"] == ["nova"]
    assert codes["unknown_region"]["row"] == 2


def test_spring_hour_is_left_out_and_listed_when_it_holds_a_value(room: Any) -> None:
    rows = [f"{region};x;2018-11-04 0{hour}:00:00;{value}\n" for region, hour, value in (
        ("SE", 0, ""), ("S", 0, "7"), ("SE", 1, "8"),
    )]  # fmt: skip
    outcome = room.ingest("CURVA_CARGA_2018.csv", HEADER + "".join(rows))
    report = room.report(outcome)
    assert report["skipped"]["hour_never_was"]["rows"] == 2
    assert [place["row"] for place in report["places"]] == [3]
    assert room.rows(outcome)["timestamp"].tolist() == [pd.Timestamp("2018-11-04T03:00Z")]


def test_autumn_hour_is_summer_time_first_and_standard_time_the_second_time(room: Any) -> None:
    rows = [f"{region};x;2018-02-17 23:00:00;{value}\n" for region, value in (
        ("SE", 1), ("S", 2), ("SE", 3),
    )]  # fmt: skip
    found = room.rows(room.ingest("CURVA_CARGA_2018.csv", HEADER + "".join(rows)))
    found = found.sort_values("value")
    assert found["quality_flag"].tolist() == ["ambiguous_hour"] * 3
    assert [moment.hour for moment in found["timestamp"]] == [1, 1, 2]


def test_stray_instants_keep_their_value_and_empty_ones_hide_nobody_elses(room: Any) -> None:
    header = "id_subsistema;din_instante;val_cargaenergiamwmed\n"
    rows = "S;2013-02-02 00:00:00;5\nS;2013-02-02 00:00:01;\nN;2013-02-02 00:00:01;6\n"
    outcome = room.ingest("CARGA_ENERGIA_2013.csv", header + rows)
    found = room.rows(outcome).sort_values("value")
    assert found["value"].tolist()[:2] == [5.0, 6.0]
    assert found["quality_flag"].tolist() == ["ok", "stray_timestamp", "missing"]
    assert found["timestamp"].tolist() == [
        pd.Timestamp("2013-02-02T02:00:00Z"),
        pd.Timestamp("2013-02-02T02:00:00Z"),
        pd.Timestamp("2013-02-02T02:00:01Z"),
    ]
    assert outcome.rows_skipped == 0


def test_a_week_labelled_by_its_end_starts_six_days_before(room: Any) -> None:
    header = "id_subsistema;din_instante;val_cmomediasemanal;val_cmoleve;val_cmomedia;val_cmopesada"
    outcome = room.ingest("CMO_SEMANAL_2024.csv", f"{header}\nN;2024-01-05;1;2;3;4\n")
    rows = room.rows(outcome)
    assert rows["timestamp"].unique().tolist() == [pd.Timestamp("2023-12-30T03:00Z")]
    assert outcome.partitions == ("dataset=operation/year=2023/month=12",)
    assert dict(zip(rows["measurement_type"], rows["value"], strict=True)) == {
        "cmo_weekly": 1, "cmo_weekly_light": 2, "cmo_weekly_medium": 3, "cmo_weekly_heavy": 4,
    }  # fmt: skip


def test_reference_data_keep_their_columns_and_get_helpers(room: Any) -> None:
    header = (
        "id_subsistema;id_estado;nom_modalidadeoperacao;nom_agenteproprietario;nom_agenteoperador;"
        "nom_tipousina;nom_usina;ceg;nom_unidadegeradora;num_unidadegeradora;nom_combustivel;"
        "dat_entradateste;dat_entradaoperacao;dat_desativacao;val_potenciaefetiva"
    )
    line = (
        "NE ;AL;TIPO I;A;B;HIDROELÉTRICA; XINGÓ ;U;UG 1;1;HIDRÁULICA;1997-08-22;1997-08-22;;527.0"
    )
    outcome = room.ingest("CAPACIDADE_GERACAO.csv", f"{header}\n{line}\n{line[:-5]}9999\n")
    assert outcome.partitions == ("reference",)
    rows = room.rows(outcome)
    assert len(rows) == 1  # one unit twice: the later stays
    unit = rows.iloc[0]
    assert unit[["region", "state", "energy_source", "entity_name"]].tolist() == [
        "NE", "AL", "hydro", "XINGÓ",
    ]  # fmt: skip
    assert unit["nom_tipousina"] == "HIDROELÉTRICA"
    assert str(unit["dat_entradateste"]) == "1997-08-22"
    assert pd.isna(unit["dat_desativacao"])
    assert pd.isna(unit["cod_equipamento"])
    assert (unit["val_potenciaefetiva"], unit["quality_flag"]) == (9999.0, "out_of_range")


def test_a_broken_sum_is_flagged_where_it_is_broken(room: Any) -> None:
    header = (
        "id_subsistena;din_instante;val_gerhidraulica;val_gertermica;val_gereolica;val_gersolar;"
        "val_carga;val_intercambio\n"
    )
    sums = [("N", 6500, 400), ("S", 13000, 400), ("SE", 9, 9)]
    lines = [
        f"{region};2023-09-13 00:00:00;5000;1000;800;100;{load};{exchange}\n"
        for region, load, exchange in sums
    ]
    outcome = room.ingest("BALANCO_ENERGIA_SUBSISTEMA_2023.csv", header + "".join(lines))
    rows = room.rows(outcome)
    flagged = rows[rows["quality_flag"] == "inconsistent"]
    assert flagged.groupby("region", observed=True).size().to_dict() == {"S": 1, "SE": 6}
    assert flagged[flagged["region"] == "S"]["measurement_type"].tolist() == ["load"]
    warning = next(w for w in room.report(outcome)["warnings"] if w["code"] == "inconsistent")
    assert warning["count"] == 2
    assert "val_carga 2" in warning["terms"]


def test_an_error_of_a_library_is_a_refusal_with_file_and_place(
    room: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("inside a library")

    monkeypatch.setattr("ons_platform.ingest.reading.read_csv.CsvSource._row_numbers", broken)
    with pytest.raises(errors.MalformedFile, match="row 1 or after: KeyError") as caught:
        room.ingest(NAME, table())
    assert caught.value.where["file"] == NAME


def test_a_file_of_which_no_row_can_be_kept_says_why(room: Any) -> None:
    with pytest.raises(errors.MalformedFile, match="hour_never_was 1"):
        room.ingest("CURVA_CARGA_2018.csv", HEADER + "SE;x;2018-11-04 00:00:00;5\n")


VALUES = st.one_of(
    st.none(), st.integers(-900_000, 110_000_000).map(lambda thousandths: thousandths / 1000)
)


@st.composite
def tables(draw: Any) -> list[tuple[str, datetime, float | None]]:
    count = draw(st.integers(1, 40))
    start = draw(st.datetimes(datetime(2020, 1, 1), datetime(2025, 1, 1)))
    start = start.replace(minute=0, second=0, microsecond=0)
    return [
        (draw(st.sampled_from(["SE", "S", "NE", "N"])), start + timedelta(hours=hour), draw(VALUES))
        for hour in range(count)
    ]


def brazilian(value: float | None) -> str:
    text = "" if value is None else f"{value:,.3f}"
    return text.translate(str.maketrans(",.", ".,"))


def as_csv(rows: list[tuple[str, datetime, float | None]], style: dict[str, Any]) -> bytes:
    number = brazilian if style["brazilian"] else lambda value: "" if value is None else repr(value)
    day = "%d/%m/%Y %H:%M" if style["brazilian"] else "%Y-%m-%d %H:%M:%S"
    lines = [COLUMNS, *([f" {a} ", "São José", b.strftime(day), number(c)] for a, b, c in rows)]
    quote = '"' if style["quoted"] or style["delimiter"] == "," else ""
    text = "".join(
        style["delimiter"].join(f"{quote}{cell}{quote}" for cell in line) + style["end"]
        for line in lines
    )
    return text.encode(style["encoding"])


STYLES = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(";,\t|"),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "cp1252"]),
        "end": st.sampled_from(["\n", "\r\n"]),
        "quoted": st.booleans(),
        "brazilian": st.booleans(),
    }
)


def as_other(rows: list[tuple[str, datetime, float | None]], kind: str) -> bytes:
    frame = pd.DataFrame(
        [(a, "x", b, c) for a, b, c in rows], columns=COLUMNS
    ).astype({COLUMNS[3]: "float64"})  # fmt: skip
    stream = io.BytesIO()
    if kind == "xlsx":
        return xlsx([["Relatório"], [], COLUMNS, *([a, "x", b, c] for a, b, c in rows)])
    if kind == "parquet":
        frame.to_parquet(stream)
    else:
        frame.to_json(stream, orient="records", date_format="iso", double_precision=15)
    return stream.getvalue()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=tables(), style=STYLES)
def test_however_a_csv_is_written_the_rows_are_the_same(
    make_room: Callable[[], Any], rows: list[tuple[str, datetime, float | None]], style: Any
) -> None:
    expect(make_room(), "CURVA_CARGA_2023.csv", as_csv(rows, style), rows)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=tables(), kind=st.sampled_from(["xlsx", "json", "parquet"]))
def test_whatever_the_format_the_rows_are_the_same(
    make_room: Callable[[], Any], rows: list[tuple[str, datetime, float | None]], kind: str
) -> None:
    expect(make_room(), f"CURVA_CARGA_2023.{kind}", as_other(rows, kind), rows)


def expect(
    room: Any, name: str, content: bytes, rows: list[tuple[str, datetime, float | None]]
) -> None:
    found = room.rows(room.ingest(name, content))
    expected = pd.DataFrame(rows, columns=["region", "timestamp", "value"])
    expected["timestamp"] = (
        expected["timestamp"].dt.tz_localize("America/Sao_Paulo").dt.tz_convert("UTC")
    )
    order = ["timestamp", "region"]
    left = found.sort_values(order).reset_index(drop=True)
    right = expected.sort_values(order).reset_index(drop=True)
    assert left["region"].tolist() == right["region"].tolist()
    assert left["timestamp"].tolist() == right["timestamp"].tolist()
    pd.testing.assert_series_equal(
        left["value"], right["value"].astype("float64"), rtol=0, atol=0, check_names=False
    )
    assert ((left["quality_flag"] == "missing") == right["value"].isna()).all()
