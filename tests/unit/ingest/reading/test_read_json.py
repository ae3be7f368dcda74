"""JSON as ONS's interfaces answer it, and as it breaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.errors import MalformedFile
from ons_platform.ingest.reading import read_json
from ons_platform.ingest.reading.header import match_header
from ons_platform.ingest.reading.read_json import JsonSource

DATASET = catalog()["curva-carga"]
RECORD = {"id_subsistema": "SE", "din_instante": "2023-01-01", "val_cargaenergiahomwmed": 1.5}
TEXT = json.dumps(RECORD)


def read(folder: Path, text: str) -> tuple[JsonSource, dict[str, list[Any]]]:
    path = folder / "f.json"
    path.write_text(text, encoding="utf-8")
    source = JsonSource(path, "f.json")
    found: dict[str, list[Any]] = {}
    for batch in source.batches(match_header(source.header, DATASET).wanted):
        for name, cells in batch.columns.items():
            found.setdefault(name, []).extend(cells.to_pylist())
    source.close()
    return source, found


@pytest.mark.parametrize(
    "text",
    [
        f"[{TEXT},\n{TEXT}]",
        f"{TEXT}\n{TEXT}\n",
        f'{{"data": [{TEXT}, {TEXT}]}}',
        f'{{"success": true, "help": "x", "result": {{"total": 2, "records": [{TEXT}, {TEXT}]}}}}',
        f'{{ "records" : [{TEXT},{TEXT}], "total": 2}}',
    ],
)
def test_lists_lines_and_envelopes(tmp_path: Path, text: str) -> None:
    _, found = read(tmp_path, text)
    assert found["val_cargaenergiahomwmed"] == [1.5, 1.5]


def test_a_record_with_a_field_named_data_is_no_envelope(tmp_path: Path) -> None:
    _, found = read(tmp_path, json.dumps({**RECORD, "data": "2023"}))
    assert found["val_cargaenergiahomwmed"] == [1.5]


@pytest.mark.parametrize("block", [1024 * 1024, 60])
def test_a_missing_value_is_mended_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(read_json, "_BLOCK", block)
    broken = TEXT.replace("1.5", "")
    early = TEXT.replace('"SE"', " ")
    source, found = read(tmp_path, f"[{TEXT}, {broken}, {early}, {TEXT}]")
    assert found["val_cargaenergiahomwmed"] == [1.5, None, 1.5, 1.5]
    assert found["id_subsistema"] == ["SE", "SE", None, "SE"]
    (remark,) = source.remarks
    assert remark.code == "broken_json_mended"
    assert remark.details == {"count": 2, "record": 2, "field": "val_cargaenergiahomwmed"}


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"[{TEXT}, {TEXT.replace('1.5', '1.5.2')}]", "record 2, character"),
        (f"[{TEXT}, {TEXT.replace('1.5', '1,5')}]", "record 2, character"),
        (f'[{TEXT}, {TEXT[:-1]}, "val_cargaenergiahomwmed": 2}}]', "more than once"),
        (f"[{TEXT}, 5]", "record 2 should begin"),
        (f"[{TEXT}, {TEXT}", "after record 2"),
        (f"[{TEXT}, {TEXT[:40]}", "record 2"),
        ("[" + '{"a":' * 100_000, "nested too deeply|record 1"),
        (f'[{TEXT}, {{"x": ["a" ,, "b"]}}]', "record 2"),
    ],
)
def test_anything_else_is_refused_with_record_and_place(
    tmp_path: Path, text: str, part: str
) -> None:
    with pytest.raises(MalformedFile, match=part):
        read(tmp_path, text)


def test_numbers_are_those_of_the_text(tmp_path: Path) -> None:
    numbers = ["0.1", "1e-8", "0E-8", "42066.32499999998", "123456789012345678901234567890", "-0.0"]
    text = "[" + ",".join(TEXT.replace("1.5", number) for number in numbers) + "]"
    _, found = read(tmp_path, text)
    assert found["val_cargaenergiahomwmed"] == [float(number) for number in numbers]


def test_a_number_beyond_all_numbers_is_a_text(tmp_path: Path) -> None:
    _, found = read(tmp_path, f"[{TEXT.replace('1.5', '9' * 400)}, {TEXT}]")
    assert found["val_cargaenergiahomwmed"] == ["9" * 400, "1.5e0"]


def test_the_platform_flags_what_was_mended(room: Any) -> None:
    records = [{**RECORD, "din_instante": f"2023-01-01 {hour:02}:00"} for hour in range(24)]
    text = json.dumps(records).replace("1.5", "", 1)
    outcome = room.ingest("CURVA_CARGA_2023.json", text)
    flags = room.rows(outcome)["quality_flag"].tolist()
    assert flags.count("missing") == 1
    assert "broken_json_mended" in {item["code"] for item in room.report(outcome)["warnings"]}


def test_instants_of_the_interfaces_are_utc_and_end_the_half_hour(room: Any) -> None:
    record = {
        "cod_areacarga": "SECO", "dat_referencia": "2026-08-01",
        "din_referenciautc": "2026-08-01T03:30:00Z", "val_cargaglobalprogramada": 40000.5,
    }  # fmt: skip
    outcome = room.ingest("carga.json", json.dumps([record]))
    (row,) = room.rows(outcome).to_dict("records")
    assert (row["timestamp"].isoformat(), row["value"]) == ("2026-08-01T03:00:00+00:00", 40000.5)
