"""The page of a report: valid, escaped, in two languages, with its picture."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ons_platform.ingest.reports.page import flag_words, page_words, report_page
from ons_platform.ingest.reports.picture import picture
from ons_platform.ingest.reports.report import QualityReport
from ons_platform.lake.quality import QualityFlag

_VOID = {"meta", "input"}


class Outline(HTMLParser):
    """Fails on tags that do not close where they opened, and on ids that repeat."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    return parser


def report(**more: Any) -> dict[str, Any]:
    made = QualityReport("<b>&.csv", rows_read=5)
    made.flags.update({"ok": 3, "suspect": 2})
    made.rule("doubled")
    made.rule("constant", applied=False)
    made.find("val_<i>", "doubled", 2, [])
    made.warn("tolerant")
    made.period = ("2023-01-01T00:00:00-03:00", "2023-03-01T00:00:00-03:00")
    made.stretches = [
        {
            "flag": "suspect",
            "column": "val_<i>",
            "entity": "A&B",
            "first": "2023-02-01T00:00:00-03:00",
            "last": "2023-02-01T23:00:00-03:00",
            "count": 2,
        }
    ]
    made.stretches_total = 3
    made.completeness = {
        "expected": 10,
        "present": 9,
        "absent": 1,
        "share": 0.9,
        "gaps": [
            {
                "entity": "SE",
                "first": "2023-01-05T00:00:00-03:00",
                "last": "2023-01-05T01:00:00-03:00",
                "count": 2,
            }
        ],
        "gaps_total": 1,
        "clock_changes": [{"day": "2018-02-17", "hours": 25}],
    }
    return {
        "object": {"key": "a/<b>.csv", "version_id": "1"},
        "dataset": "d",
        **made.as_dict(),
        **more,
    }


def test_the_page_is_well_formed_escaped_and_has_a_picture() -> None:
    page = report_page(report())
    found = outline(page)
    assert found.tags.count("h1") == 1
    assert "svg" in found.tags
    assert "script" not in found.tags
    assert "<b>&" not in page
    assert "val_<i>" not in page
    for part in ("A&amp;B", "60 %", "90 %", "2018-02-17", "2023-01-05 00:00"):
        assert part in page


def test_both_languages_are_there_and_one_is_chosen() -> None:
    for language, tag in (("pt", "pt-BR"), ("en", "en")):
        page = report_page(report(), language)  # type: ignore[arg-type]
        assert f'<html lang="{tag}">' in page
        assert re.search(rf'id="l-{language}" checked', page)
        assert page.count(" checked>") == 1
    assert page.count('<span lang="pt-BR">') == page.count('<span lang="en">') > 20


def test_a_file_without_remarks_a_reference_and_a_refused_one() -> None:
    clean = report(stretches=[], stretches_total=0, completeness=None, findings=[], warnings=[])
    assert "Nada marcado neste arquivo." in report_page(clean)
    outline(report_page(report(period=None)))
    refused = {"file": "x", "reason": {"message": "It <is> bad.", "message_pt": "É ruim."}}
    page = report_page(refused)
    outline(page)
    assert "It &lt;is&gt; bad." in page
    assert "É ruim." in page
    assert "ainda não foi processado" in report_page({"file": "x"})
    assert "sem valores" in report_page(report(score=None))


def test_every_flag_has_words_and_a_colour_of_enough_contrast() -> None:
    assert {flag.value for flag in QualityFlag} - {"ok"} <= set(flag_words())
    for words in flag_words().values():
        assert contrast(words["colour"], "#ffffff") >= 4.5
        assert contrast(words["colour"], "#e8edf1") >= 3
    for words in page_words().values():
        assert words["pt"]
        assert words["en"]


def contrast(one: str, other: str) -> float:
    """WCAG 2: of the lighter to the darker."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


_DAYS = st.dates().map(str) | st.datetimes().map(lambda at: f"{at.replace(microsecond=0)}-03:00")
_STRETCHES = st.fixed_dictionaries(
    {
        "flag": st.sampled_from([flag.value for flag in QualityFlag if flag != "ok"]),
        "column": st.text(max_size=5),
        "entity": st.text(max_size=60),
        "count": st.integers(1, 9),
    }
)


@given(_DAYS, _DAYS, st.lists(_STRETCHES, max_size=60))
def test_any_period_and_any_names_can_be_drawn(
    one: str, other: str, stretches: list[dict[str, Any]]
) -> None:
    first, last = sorted((one, other), key=lambda text: text[:10])
    period = (first, last) if first[:10] < last[:10] else (first, first)
    placed = [{**item, "first": period[0], "last": period[1]} for item in stretches]
    made = report(period=period, stretches=placed, completeness=None)
    outline(report_page(made))
    drawn = picture(made, flag_words())
    assert (drawn is None) == (not stretches)
    if drawn:
        assert drawn.shown == min(drawn.total, 40)
