from __future__ import annotations

import pytest
from rich.console import Console

from ons_local.display import answer_panel, rows_table, told
from ons_local.reports import check_chart_file, write_chart
from ons_platform.errors import InvalidRequest

ANSWER = {
    "question": "Qual foi a carga média?",
    "language": "pt",
    "status": "answered",
    "answer": "A carga média foi 1.234,50 MWmed.",
    "value": 1234.5,
    "unit": "MWmed",
    "period": {"start": "2023-01-01T00:00:00-03:00", "end": "2024-01-01T00:00:00-03:00"},
    "sources": [{"document": f"file{n}.csv"} for n in range(6)],
    "assumptions": ["SIN is the sum"],
    "suggestions": [],
    "query_language": "sql",
    "query_used": "SELECT 1",
    "dataset": "curva-carga",
    "chart": "<svg/>",
}


def shown(renderable) -> str:
    console = Console(width=100, no_color=True)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_an_answer_shows_value_unit_period_source_and_query():
    text = shown(answer_panel(ANSWER))
    for part in ("1,234.50 MWmed", "2023-01-01T00:00:00-03:00", "file0.csv", "SELECT 1", "2 more"):
        assert part in text


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"S": 1.0, "N": 2}, "N: 2 MWmed"), ("Sudeste", "Sudeste"), (3, "3 MWmed"), (None, "média")],
)
def test_every_kind_of_value_shows(value, expected):
    assert expected in shown(answer_panel({**ANSWER, "value": value}))


def test_an_answer_that_is_none_says_so():
    declined = {**ANSWER, "status": "out_of_scope", "period": None, "sources": None, "value": None}
    text = shown(
        answer_panel({**declined, "suggestions": ["ask [bold]this[/]"], "query_used": None})
    )
    assert "out of scope" in text
    assert "suggestion" in text


def test_rows_show():
    assert "é" in shown(rows_table(["a"], [{"a": "é"}, {"a": None}]))


def test_a_chart_is_written_as_it_is_or_in_a_page(tmp_path):
    assert write_chart(tmp_path / "c.svg", ANSWER)
    assert (tmp_path / "c.svg").read_text() == "<svg/>"
    assert write_chart(tmp_path / "c.html", {**ANSWER, "question": "<script>"})
    page = (tmp_path / "c.html").read_text()
    assert "<svg/>" in page
    assert "<script>" not in page
    assert not write_chart(tmp_path / "d.svg", {**ANSWER, "chart": None})
    with pytest.raises(InvalidRequest, match=r"\.svg or \.html"):
        check_chart_file(tmp_path / "c.png")


@pytest.mark.parametrize(
    ("spoken", "text"), [("pt_BR.UTF-8", "falta a coluna"), ("en_US.UTF-8", "a column is missing")]
)
def test_refusals_are_told_in_the_terminals_language(
    monkeypatch: pytest.MonkeyPatch, spoken: str, text: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", spoken)
    reason = {"message": "a column is missing", "message_pt": "falta a coluna"}
    assert told(reason) == text
    assert told({"message": "only English"}) == "only English"
    assert told(None) == ""
