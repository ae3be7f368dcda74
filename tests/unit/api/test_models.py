"""Bodies as they may be sent; every refusal names the field and what fits."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ons_platform.api.models import QueryBody, RawQueryBody, ReplayBody, UploadBody, parse
from ons_platform.errors import InvalidRequest


def refused(model: Any, **body: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as error:
        parse(model, body)
    return {item["field"]: item["message"] for item in error.value.where["details"]}


def test_a_question_alone_is_enough() -> None:
    body = parse(QueryBody, {"question": "  carga?  "})
    assert body.question == "carga?"
    assert (body.language, body.as_of, body.max_points, body.include_chart) == (
        None,
        None,
        1000,
        False,
    )


@pytest.mark.parametrize("question", ["", "ab", "   ab   ", "a" * 1001])
def test_the_length_of_a_question_counts_after_trimming(question: str) -> None:
    assert "question" in refused(QueryBody, question=question)


@pytest.mark.parametrize("length", [3, 1000])
def test_the_limits_belong_to_it(length: int) -> None:
    assert parse(QueryBody, {"question": "  " + "a" * length + "\n"}).question == "a" * length


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("question", 5),
        ("question", None),
        ("question", "\ud800\ud800\ud800"),
        ("language", "es"),
        ("as_of", 5),
        ("as_of", "yesterday"),
        ("as_of", "2023-13-01"),
        ("as_of", "0001-01-01"),
        ("max_points", 0),
        ("max_points", 10_001),
        ("max_points", "10"),
        ("max_points", True),
        ("include_chart", 1),
        ("surprise", 1),
    ],
)
def test_each_wrong_field_is_named(field: str, value: object) -> None:
    body: dict[str, Any] = {"question": "carga do SIN", field: value}
    assert list(refused(QueryBody, **body)) == [field]


def test_several_wrong_fields_are_all_named() -> None:
    assert set(refused(QueryBody, language="xx", max_points=0)) == {
        "question",
        "language",
        "max_points",
    }


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2023-06-30T12:00:00-03:00", datetime(2023, 6, 30, 15, tzinfo=UTC)),
        ("2023-06-30T12:00:00Z", datetime(2023, 6, 30, 12, tzinfo=UTC)),
        ("2023-06-30T12:00:00", datetime(2023, 6, 30, 15, tzinfo=UTC)),
        ("2018-12-31T12:00", datetime(2018, 12, 31, 14, tzinfo=UTC)),
        ("2023-06-30", datetime(2023, 6, 30, 3, tzinfo=UTC)),
    ],
)
def test_as_of_without_an_offset_is_brasilia(text: str, instant: datetime) -> None:
    assert parse(QueryBody, {"question": "carga", "as_of": text}).as_of == instant


def test_raw_queries_are_flux_unless_said() -> None:
    assert parse(RawQueryBody, {"query": "from(bucket)"}).language == "flux"
    assert list(refused(RawQueryBody, query="x", max_rows=10_001)) == ["max_rows"]


def test_a_checksum_is_hexadecimal() -> None:
    assert list(refused(UploadBody, filename="a.csv", size=1, sha256="zz")) == ["sha256"]
    assert list(refused(UploadBody, filename="a.csv", size=-1)) == ["size"]


@pytest.mark.parametrize(
    "body",
    [{}, {"failed": False}, {"key": "a", "failed": True}, {"failed": True, "version_id": "1"}],
)
def test_a_replay_is_of_one_object_or_of_the_failed(body: dict[str, Any]) -> None:
    assert list(refused(ReplayBody, **body)) == ["body"]


@pytest.mark.parametrize("name", ["bucket", "database"])
def test_influxql_may_name_its_bucket_by_either_word(name: str) -> None:
    body = parse(RawQueryBody, {"query": "x", "language": "influxql", name: "energy_data"})
    assert body.bucket == "energy_data"


@pytest.mark.parametrize("language", ["flux", "sql"])
def test_other_languages_name_it_in_the_query(language: str) -> None:
    told = refused(RawQueryBody, query="x", language=language, bucket="energy_data")
    assert "bucket goes with influxql" in told["body"]
