"""Lines against a parser of the line protocol written from its description alone."""

from __future__ import annotations

import math
import struct
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from influx import Influx
from ons_platform.catalog.registry import catalog
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.loading import series
from ons_platform.timeseries.loading.encode import LineEncoder, Lines
from ons_platform.timeseries.loading.series import SeriesIndex, unspeakable
from ons_platform.timeseries.points import PointModel, point_model
from stored import START, lake_table

DATASET = catalog()["curva-carga"]
MODEL = PointModel(
    "curva-carga",
    "consumption_data",
    "a measurement, with = signs",
    {"load": "a field, of = all"},
    {"region": "the region", "entity_id": "id", "entity_name": "a,b=c", "quality_flag": "flag"},
)
Point = tuple[str, dict[str, str], str, float, int]

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)
AWKWARD = st.lists(st.sampled_from(list('\\,= "é\t#☃')), max_size=6).map("".join)
TAGS = (TEXTS | AWKWARD).filter(lambda text: not text.endswith("\\")) | st.none()
VALUES = st.floats(allow_nan=False, allow_infinity=False) | st.none()
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "region": TAGS,
            "entity_id": TAGS,
            "entity_name": TAGS,
            "value": VALUES,
            "timestamp": st.datetimes(
                datetime(1980, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
                datetime(2100, 1, 1),  # noqa: DTZ001
                timezones=st.just(UTC),
            ),
        }
    ),
    min_size=1,
    max_size=20,
)


def parsed(line: str) -> Point:
    """One line, character by character: `\\` before a comma, space or = makes it a plain one."""

    def until(stops: str) -> tuple[str, str]:
        nonlocal at
        text = ""
        while line[at] not in stops:
            if line[at] == "\\" and line[at + 1] in ",= ":
                at += 1
            text += line[at]
            at += 1
        at += 1
        return text, line[at - 1]

    at = 0
    measurement, stop = until(", ")
    tags = {}
    while stop == ",":
        name, _ = until("=")
        tags[name], stop = until(", ")
    field, _ = until("=")
    value, instant = line[at:].split(" ")
    assert not value.endswith("i")
    return measurement, tags, field, float(value), int(instant)


def encoded(rows: list[dict[str, Any]], model: PointModel = MODEL) -> Lines:
    table = lake_table(DATASET, rows)
    index = SeriesIndex(model)
    numbers = index.numbers(table)
    return LineEncoder(index.heads).lines(table, numbers)


def lines_of(lines: Lines) -> list[str]:
    return lines.text(0, len(lines)).decode().split("\n")[:-1]


def point_of(row: dict[str, Any], model: PointModel = MODEL) -> Point:
    """What a row means as a point."""
    given_row = {"quality_flag": "ok", **row}
    tags = {tag: given_row[column] for column, tag in model.tags.items() if given_row.get(column)}
    missing = row["value"] is None
    field = model.fields["load"] + ("_missing" if missing else "")
    instant = (row["timestamp"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return (
        model.measurement,
        {**tags, "dataset": "curva-carga"},
        field,
        1.0 if missing else row["value"],
        instant,
    )


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


@given(ROWS)
def test_any_rows_read_back_as_they_are(rows: list[dict[str, Any]]) -> None:
    found = [parsed(line) for line in lines_of(encoded(rows))]
    assert found == [point_of(row) for row in rows]
    assert [bits(point[3]) for point in found] == [bits(point_of(row)[3]) for row in rows]


@given(ROWS, st.data())
def test_any_range_of_lines_is_those_lines(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    lines = encoded(rows)
    start = data.draw(st.integers(0, len(rows)))
    stop = data.draw(st.integers(start, len(rows)))
    whole = lines_of(lines)
    assert lines.text(start, stop) == "".join(f"{line}\n" for line in whole[start:stop]).encode()


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_its_shortest_text(value: float) -> None:
    line = lines_of(encoded([{"region": "SE", "value": value, "timestamp": START}]))[0]
    assert digits(line.split(" ")[-2].rpartition("=")[2]) == digits(repr(value))


def digits(number: str) -> str:
    """The significant ones."""
    return number.lower().split("e")[0].replace(".", "").strip("-").strip("0")


@given(TEXTS | AWKWARD | st.sampled_from(["a\nb", "a\rb", "a\\", "\n", "\\", "a\\b"]))
def test_what_cannot_be_written_is_told_apart(text: str) -> None:
    rows = [{"region": text, "value": 1.0, "timestamp": START}]
    index = SeriesIndex(MODEL)
    index.numbers(lake_table(DATASET, rows))
    assert index.is_bad(0) is (unspeakable(text) is not None)
    if unspeakable(text) is None:
        assert parsed(lines_of(encoded(rows))[0]) == point_of(rows[0])


def test_equal_rows_of_different_tables_are_of_one_series() -> None:
    index = SeriesIndex(MODEL)
    one = lake_table(DATASET, [{"region": name, "value": 1.0, "timestamp": START} for name in "ab"])
    two = lake_table(DATASET, [{"region": name, "value": 2.0, "timestamp": START} for name in "ba"])
    assert index.numbers(one).to_pylist() == [0, 1]
    assert index.numbers(two).to_pylist() == [1, 0]
    assert len(index.heads) == 2


def test_more_combinations_than_integers_are_taken_in_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [
        {"region": f"r{n % 7}", "entity_id": f"i{n % 5}", "entity_name": f"n{n % 3}",
         "value": None if n % 11 == 0 else float(n), "timestamp": START}
        for n in range(60)
    ]  # fmt: skip
    whole = lines_of(encoded(rows))
    monkeypatch.setattr(series, "MAX_CODE", 700)
    assert lines_of(encoded(rows)) == whole
    assert [parsed(line) for line in whole] == [point_of(row) for row in rows]


def test_a_tag_without_a_column_is_lacking() -> None:
    table = lake_table(DATASET, [{"region": "SE", "value": 1.0, "timestamp": START}])
    index = SeriesIndex(MODEL)
    numbers = index.numbers(table.drop_columns(["entity_id", "quality_flag"]))
    line = lines_of(LineEncoder(index.heads).lines(table, numbers))[0]
    assert parsed(line)[1] == {"the region": "SE", "dataset": "curva-carga"}


def test_numbers_become_tags_as_their_texts() -> None:
    dataset = catalog()["cvu-usitermica"]
    model = point_model(dataset)
    assert model is not None
    row = {"region": "SE", "value": 1.0, "timestamp": START, "ano_referencia": 2023.0,
           "mes_referencia": 5.0, "num_revisao": None}  # fmt: skip
    table = lake_table(dataset, [row])
    index = SeriesIndex(model)
    numbers = index.numbers(table)
    tags = parsed(lines_of(LineEncoder(index.heads).lines(table, numbers))[0])[1]
    assert (tags["ano_referencia"], tags["mes_referencia"]) == ("2023", "5")
    assert "num_revisao" not in tags


def test_slices_of_an_array_are_read_where_they_begin() -> None:
    array = pa.array(["a\n", "bb\n", "ccc\n", "d\n"]).slice(1, 2)
    assert Lines(array).text(0, 2) == b"bb\nccc\n"


@pytest.fixture(scope="module")
def client(influx_server: Influx) -> Iterator[InfluxClient]:
    opened = InfluxClient(influx_server.url, influx_server.operator_token, influx_server.org)
    yield opened
    opened.close()


@pytest.mark.influxdb
def test_the_server_reads_the_lines_as_the_parser_does(client: InfluxClient) -> None:
    """Every character below U+0100 and some beyond, at the start, inside and at the end."""
    name = uuid.uuid4().hex[:8]
    model = PointModel(f"encode-{name}", "consumption_data", f"m {name}", {"load": "f"}, MODEL.tags)
    characters = [chr(code) for code in range(256)] + ["☃", "😀", "\u200b", "\\\\", "\\,", '\\"']
    texts = [f"{left}{c}{right}" for c in characters for left in ("", "x") for right in ("", "y")]
    rows = [
        {"region": text, "entity_id": f"{number}", "timestamp": START,
         "value": math.ldexp(1 / 3, number - 500)}
        for number, text in enumerate(dict.fromkeys(texts))
        if unspeakable(text) is None
    ]  # fmt: skip
    lines = encoded(rows, model)
    client.write("consumption_data", lines.text(0, len(lines)))
    tables = client.flux(
        'from(bucket: "consumption_data") |> range(start: 2023-01-01T00:00:00Z, '
        f'stop: 2023-02-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "m {name}") |> group()'
    )
    found = {
        row["id"]: (row.get("the region") or "", row["_value"])
        for table in tables
        for row in (
            dict(zip(table.columns, row, strict=True))
            for row in zip(*table.columns.values(), strict=True)
        )
    }
    assert found == {row["entity_id"]: (row["region"], row["value"]) for row in rows}
