"""Readable labels of a chart: instants by their spacing, numbers by language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

_MONTHS = {
    "pt": ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez"),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
}


def readable(labels: Sequence[str], language: str) -> list[str]:
    """Labels that are all ISO 8601 as dates people read; others as they are."""
    try:
        return instant_labels([datetime.fromisoformat(label) for label in labels], language)
    except ValueError:
        return list(labels)


def instant_labels(instants: Sequence[datetime], language: str) -> list[str]:
    """Civil time as written, as coarse as the spacing of the instants and their span allow."""
    gaps = [later - earlier for earlier, later in pairwise(instants)]
    gap = min(gaps, default=timedelta(days=1))
    span = instants[-1] - instants[0] if instants else timedelta()
    return [_instant_label(instant, gap, span, language) for instant in instants]


def _instant_label(instant: datetime, gap: timedelta, span: timedelta, language: str) -> str:
    month = _MONTHS[language][instant.month - 1]
    if gap >= timedelta(days=360):
        return f"{instant:%Y}"
    if gap >= timedelta(days=28) or span > timedelta(days=500):
        return f"{month} {instant:%Y}"
    if gap < timedelta(days=1) and span <= timedelta(days=2):
        return (
            f"{instant:%H:%M}"
            if span < timedelta(days=1)
            else f"{instant.day} {month} {instant:%H}h"
        )
    return f"{instant.day} {month}"


def number_format(step: float, language: str) -> Callable[[float | None], str]:
    """Writes numbers with as many decimals as tell values a step apart, up to three."""
    digits = next((count for count in range(4) if round(step, count) == step), 3)

    def write(value: float | None) -> str:
        if value is None:
            return ""
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if language == "pt" else text

    return write
