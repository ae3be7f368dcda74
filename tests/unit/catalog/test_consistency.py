"""A wrong YAML does not load, and the message names the dataset, the field and what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ons_platform.catalog.canonical import RESERVED
from ons_platform.catalog.registry import load
from ons_platform.lake.canonical import CANONICAL_SCHEMA

GOOD = """
dataset: patamar
title: {pt: Patamar, en: Step}
description: {pt: a, en: b}
url: https://example.org
kind: series
dataset_type: operation
grain: PT30M
files: {patterns: ['PATAMAR_{YYYY}_{MM}_{DD}']}
time: {column: dia, kind: local_instant, parts: [{column: passo, unit: PT30M, first: 1}]}
columns:
  - {name: dia, type: date, role: time}
  - {name: passo, type: number, role: time_part}
  - {name: cod, type: string, role: entity_id, also: region, aliases: [codigo]}
  - {name: tipo, type: string, role: attribute}
  - {name: rotulo, type: string, role: unused}
  - {name: extensao, type: number, role: attribute, unit: km}
  - {name: val_ref, type: number, role: measure}
  - {name: val_ger, type: number, role: measure}
constants: {energy_source: wind}
measures:
  - {column: val_ref, measurement_type: reference, unit: MWmed, valid: [0, 10], refuse: [-1, 20]}
  - {column: val_ger, measurement_type: verified, unit: MWmed}
derived:
  - {measurement_type: cut, unit: MWmed, minuend: val_ref, subtrahend: val_ger, floor: 0}
key: [timestamp, region, entity_id, tipo, measurement_type]
rules:
  identity: {plus: [verified], total: reference, tolerance: 1}
  complete: true
  doubled: [{measurement_type: verified}]
  quiet: [{measurement_type: verified, energy_source: wind, hours: [20, 5]}]
  forecast: {column: tipo, values: [previsto]}
influxdb: {bucket: generation_data, fields: {reference: ref_mw, verified: ver_mw, cut: cut_mw}}
questions:
  names: {pt: [patamar], en: [step]}
  metrics:
    - {id: c, measurement_type: cut, title: {pt: x, en: x}, names: {pt: [x]}, unit: MWmed}
"""

WRONG = [
    ("_{DD}']", "_{DIA}']", "files.patterns: 'PATAMAR_{YYYY}_{MM}_{DIA}' has {DIA}"),
    ("_{DD}']", "_{DD}.csv']", "bare file name without its extension"),
    ("['PATAMAR_{YYYY}_{MM}_{DD}']", "[]", "at least one file-name pattern"),
    ("{name: tipo,", "{name: dia,", "columns: dia is listed twice"),
    ("aliases: [codigo]", "aliases: [TIPO]", "columns.tipo: its name or alias 'tipo' is 'cod'"),
    ("{name: val_ger, type: number", "{name: val_ger, type: string", "a measure is a number"),
    ("{name: tipo, type: string", "{name: region, type: string", "called like a canonical column"),
    ("unit: km", "unit: milha", "columns.extensao.unit: 'milha' is no known unit; known are MWmed"),
    ("unit: km", "unit: milha", "write one line in catalog/units.yaml"),
    ("type: number, role: attribute, unit", "type: string, role: attribute, unit", "has no unit"),
    ("role: unused}", "role: region}", "the role region belongs to one column, not to cod, rotulo"),
    (", parts: [{column: passo, unit: PT30M, first: 1}]", "", "passo: has the role time_part"),
    ("parts: [{column: passo", "parts: [{column: hora", "time.parts: hora is not a column"),
    ("parts: [{column: passo", "parts: [{column: tipo", "tipo has the role attribute"),
    ("time: {column: dia", "time: {column: mes", "time column mes is not a column"),
    ("time: {column: dia", "time: {column: tipo", "tipo must be a date or an instant"),
    ("grain: PT30M", "layout: {entity: tipo, time: mes, value: cod}", "needs `time` and `grain`"),
    ("grain: PT30M", "grain: P1M\nlayout: {entity: tipo, time: dia, value: val_ref}", "out.entity"),
    ("grain: PT30M", "grain: P1M\nlayout: {entity: cod, time: mes, value: val_ger}", "layout.time"),
    ("grain: PT30M", "grain: P1M\nlayout: {entity: cod, time: dia, value: cod}", "layout.value"),
    ("{energy_source: wind}\nm", "{region: SE}\nm", "constants.region: the column cod says it"),
    ("{energy_source: wind}\nm", "{entity_id: x}\nm", "entity_id: the column cod says it"),
    ("{energy_source: wind}\nm", "{energy_source: vento}\nm", "'vento' is no energy_source"),
    ("[{measurement_type: verified}]", "[{measurement_type: load}]", "rules.doubled: load is not"),
    ("- {column: val_ger,", "- {column: val_x,", "`measures` differ: val_ger, val_x"),
    ("measurement_type: verified, unit", "measurement_type: reference, unit", "2 measures are"),
    ("measurement_type: verified, unit", "measurement_type: Ver, unit", "'Ver' is not snake_case"),
    ("valid: [0, 10]", "valid: [10, 0]", "measures.val_ref.valid: 10 to 0 is no interval"),
    ("refuse: [-1, 20]", "refuse: [1, 20]", "must contain the valid range"),
    ("role: measure}\n  - {name: val_ger", "role: measure, unit: m}\n  - {name: val_ger", "m in"),
    ("subtrahend: val_ger", "subtrahend: extensao", "derived.cut: extensao is not a column"),
    ("floor: 0}", "where: rotulo}", "rotulo is not a column that is read"),
    ("- {measurement_type: cut,", "- {measurement_type: verified,", "has that measurement_type"),
    ("region, entity_id, tipo", "region, extensoes, tipo", "key: extensoes is no attribute"),
    ("region, entity_id, tipo", "region, entity_name, tipo", "or measure says entity_name"),
    ("[timestamp, region", "[region", "the key of a series has the timestamp"),
    ("tipo, measurement_type]", "tipo]", "measurement_type is needed"),
    ("tipo, measurement_type]", "tipo, tipo, measurement_type]", "key: tipo is given twice"),
    ("total: reference", "total: load", "rules.identity: load is not measured here"),
    ("hours: [20, 5]", "hours: [20, 24]", "not within 0 to 23"),
    ("forecast: {column: tipo", "forecast: {column: rotulo", "rules.forecast: rotulo"),
    ("grain: PT30M", "grain: event", "only a series with steps can be complete"),
    ("generation_data", "geracao", "influxdb.bucket: geracao is none of"),
    (", cut: cut_mw", "", "no field for the measurement type cut"),
    ("cut: cut_mw", "cut: cut_mw, load: x", "influxdb.fields: load is not measured"),
    ("cut: cut_mw", "cut: ref_mw", "ref_mw is used for two measurement types"),
    ("- {id: c, measurement_type: cut", "- {id: c, measurement_type: corte", "corte is not"),
    ("names: {pt: [x]}, unit: MWmed", "names: {pt: [x]}, unit: MWh", "MWh here and MWmed in"),
    ("names: {pt: [x]},", "names: {pt: [x]}, by_state: true,", "c.by_state: no column says state"),
    ("kind: series", "kind: reference", "key: timestamp is not an ONS column"),
    ("type: date, role: time", "type: datum, role: time", "columns[0].type: Input should be"),
    ("kind: series", "kind: series\nkind: series", "'kind' is given twice"),
]  # fmt: skip


def _write(folder: Path, text: str) -> Path:
    (folder / "patamar.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_dataset_that_uses_everything_loads(tmp_path: Path) -> None:
    assert [item.dataset for item in load(_write(tmp_path, GOOD))] == ["patamar"]


@pytest.mark.parametrize(("old", "new", "told"), WRONG, ids=[told for *_, told in WRONG])
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert GOOD.count(old) == 1, "the replaced text must be unmistakable"
    with pytest.raises(ValueError, match=r"^patamar\.yaml: ") as caught:
        load(_write(tmp_path, GOOD.replace(old, new)))
    assert told in str(caught.value)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("unit: km", "unit: milha").replace("hours: [20, 5]", "hours: [20, 24]")
    with pytest.raises(ValueError, match=r"patamar: columns\.extensao\.unit(?s:.*)rules\.quiet"):
        load(_write(tmp_path, text))


def test_two_measures_of_one_type_need_their_source_in_the_key(tmp_path: Path) -> None:
    text = GOOD.replace("constants: {energy_source: wind}\n", "").replace(
        "measurement_type: verified, unit",
        "measurement_type: reference, energy_source: solar, unit",
    )
    with pytest.raises(ValueError, match="energy_source is needed"):
        load(_write(tmp_path, text))


def test_no_attribute_can_hide_a_canonical_column() -> None:
    assert set(CANONICAL_SCHEMA.names) <= RESERVED
