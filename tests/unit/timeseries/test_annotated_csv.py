"""Annotated CSV read exactly: against influxdb-client, and by hand where that reads otherwise."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client.client.flux_csv_parser import FluxCsvParser, FluxSerializationMode

from ons_platform.timeseries.annotated_csv import FluxError, read_tables

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    grouped: bool
    default: str


def _instant(microseconds: int) -> str:
    text = (EPOCH + timedelta(microseconds=microseconds)).isoformat()
    return text.replace("+00:00", "Z")


TEXTS = {
    "double": st.one_of(
        st.floats(allow_nan=False).map(repr), st.sampled_from(["+Inf", "-Inf", "1e+06"])
    ),
    "long": st.integers(-(2**63), 2**63 - 1).map(str),
    "unsignedLong": st.integers(0, 2**64 - 1).map(str),
    "duration": st.integers(0, 2**40).map(str),
    "boolean": st.sampled_from(["true", "false"]),
    "string": st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1),
    "dateTime:RFC3339": st.integers(-(2**52), 2**52).map(_instant),
    "base64Binary": st.binary(min_size=1).map(lambda item: base64.b64encode(item).decode()),
}


@st.composite
def blocks(draw: st.DrawFn) -> tuple[list[Column], list[list[list[str]]]]:
    """Columns and, per table, its rows; a column of the group key has one value per table."""
    names = draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=5, unique=True))
    columns = []
    for name in names:
        kind = draw(st.sampled_from(sorted(TEXTS)))
        default = draw(st.one_of(st.just(""), TEXTS[kind]))
        columns.append(Column(name, kind, draw(st.booleans()), default))
    tables = []
    for _ in range(draw(st.integers(1, 3))):
        key = {column.name: draw(_cell(column)) for column in columns if column.grouped}
        count = draw(st.integers(1, 4))
        tables.append(
            [
                [key[column.name] if column.grouped else draw(_cell(column)) for column in columns]
                for _ in range(count)
            ]
        )
    return columns, tables


def _cell(column: Column) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), TEXTS[column.kind])


def written(parts: list[tuple[list[Column], list[list[list[str]]]]]) -> str:
    """As the server writes it: CRLF, a table number that goes on, a blank line after a block."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    number = 0
    for columns, tables in parts:
        writer.writerow(["#datatype", "string", "long", *(item.kind for item in columns)])
        grouped = (str(item.grouped).lower() for item in columns)
        writer.writerow(["#group", "false", "false", *grouped])
        writer.writerow(["#default", "_result", "", *(item.default for item in columns)])
        writer.writerow(["", "result", "table", *(item.name for item in columns)])
        for rows in tables:
            writer.writerows(["", "", number, *row] for row in rows)
            number += 1
        out.write("\r\n")
    return out.getvalue()


class Body:
    """The bytes as influxdb-client takes them from urllib3."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._data)

    def close(self) -> None:
        self._data.close()


def of_the_client(text: str) -> list[dict[str, list[Any]]]:
    """Columns per table as influxdb-client reads them."""
    parser = FluxCsvParser(
        response=Body(text.encode()),  # type: ignore[arg-type]
        serialization_mode=FluxSerializationMode.tables,
    )
    list(parser.generator())
    return [
        {
            column.label: [record.values[column.label] for record in table.records]
            for column in table.columns[2:]
        }
        for table in parser.tables
    ]


@given(st.lists(blocks(), max_size=3))
def test_it_reads_what_influxdb_client_reads(parts: list[Any]) -> None:
    text = written(parts)
    assert [table.columns for table in read_tables(text)] == of_the_client(text)


@given(blocks())
def test_the_group_key_is_told(part: Any) -> None:
    columns, tables = part
    for table, rows in zip(read_tables(written([part])), tables, strict=True):
        assert table.name == "_result"
        assert table.group == {
            column.name: rows[0][place] or column.default
            for place, column in enumerate(columns)
            if column.grouped
        }


HEAD = (
    "#datatype,string,long,dateTime:RFC3339,double,string\r\n"
    "#group,false,false,false,false,true\r\n"
    "#default,_result,,,,\r\n"
)


def test_instants_are_exact_or_refused() -> None:
    names = ",result,table,_time,v,region\r\n"
    row = ",,0,2024-01-01T00:00:00.{}Z,1,S\r\n"
    table = read_tables(HEAD + names + row.format("123456000"))[0]
    assert table.columns["_time"] == [datetime(2024, 1, 1, 0, 0, 0, 123456, UTC)]
    with pytest.raises(ValueError, match="microseconds"):
        read_tables(HEAD + names + row.format("123456001"))


def test_the_query_s_own_bounds_may_have_nanoseconds() -> None:
    text = HEAD + ",result,table,_stop,v,region\r\n,,0,2024-01-01T00:00:00.123456789Z,,S\r\n"
    columns = read_tables(text)[0].columns
    assert columns["_stop"] == [datetime(2024, 1, 1, 0, 0, 0, 123456, UTC)]
    assert columns["v"] == [None]


def test_an_error_after_rows_is_an_error() -> None:
    rows = ",result,table,_time,v,region\r\n,,0,2024-01-01T00:00:00Z,1,S\r\n\r\n"
    told = "#datatype,string,string\r\n#group,true,true\r\n#default,,\r\n,error,reference\r\n"
    with pytest.raises(FluxError, match=r"^boo, of course$"):
        read_tables(HEAD + rows + told + ',"boo, of course",\r\n')
    with pytest.raises(FluxError, match="unknown"):
        read_tables(told)


@pytest.mark.parametrize(
    "text",
    [
        "a,b,c\r\n1,2,3\r\n",
        "#datatype,string,long\r\n,result,table\r\n",
        HEAD + ",result,table,_time,v,region\r\n,,0,2024-01-01T00:00:00Z,1\r\n",
        HEAD + ",result,table,_time,v,region\r\n,,0,2024-01-01T00:00:00Z,1,S\r\n,,0,x\r\n",
        HEAD.replace("double", "quaternion") + ",result,table,_time,v,region\r\n,,0,,1,S\r\n",
    ],
)
def test_what_is_no_annotated_csv_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        read_tables(text)


def test_a_line_break_inside_a_value_is_the_one_that_was_written() -> None:
    row = ',result,table,_time,v,region\r\n,,0,2024-01-01T00:00:00Z,1,"a\r\nb"\r\n'
    assert read_tables(HEAD + row)[0].columns["region"] == ["a\nb"]


def test_no_tables() -> None:
    assert read_tables("\r\n\r\n") == []
