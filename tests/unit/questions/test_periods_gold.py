"""The development gold of time expressions, alone and inside a question."""

from __future__ import annotations

import runpy
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ons_platform.catalog.vocabulary import fold
from ons_platform.questions.periods import find_periods

GOLD = Path(__file__).parents[4] / "shared" / "eval" / "dates" / "gold_dev.py"
CARRIERS = ("{}", "Qual foi a carga do SIN {}?", "What was the SIN load {}?")


@pytest.mark.shared
@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("language", ["pt", "en"])
def test_every_expression_of_the_gold(carrier: str, language: str) -> None:
    gold = runpy.run_path(str(GOLD))
    now = datetime.fromisoformat(gold["NOW"]).replace(tzinfo=ZoneInfo("America/Sao_Paulo"))
    wrong = []
    for pt, en, accepted in gold["G"]:
        said = carrier.format(pt if language == "pt" else en)
        got = [
            tuple(side and side.replace(tzinfo=None) for side in (match.start, match.end))
            for match in find_periods(fold(said), now=now, language=language)
        ]
        wanted = [
            tuple(side and datetime.fromisoformat(side) for side in pair) for pair in accepted
        ]
        if len(got) != 1 or got[0] not in wanted:
            wrong.append((said, got))
    assert wrong == []
