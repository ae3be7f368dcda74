"""Flux in pieces: texts that cannot end early or compute, instants, durations, conditions.

A text of Flux ends at a quote and computes inside `${}`. Every character of ASCII that is no
letter, digit or one of a few harmless marks is written as `\\xHH`, so nothing in a value can do
either, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from ons_platform.questions.engines.notrenderable import NotRenderable

_UNSAFE = re.compile(r"[^A-Za-z0-9 _.,:;/()+\-\u00a0-\U0010ffff]")
_MICROSECOND = timedelta(microseconds=1)


def flux_string(text: str) -> str:
    """A text as Flux writes it. Raises `NotRenderable` for what no UTF-8 holds."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise NotRenderable("Flux cannot write half a character")
    return f'"{_UNSAFE.sub(_escaped, text)}"'


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode())


def duration(length: timedelta) -> str:
    """A length of time; a microsecond is the least."""
    seconds, rest = divmod(length, timedelta(seconds=1))
    return f"{length // _MICROSECOND}us" if rest else f"{seconds}s"


def names(columns: Iterable[str]) -> str:
    """A list of columns."""
    return f"[{', '.join(flux_string(column) for column in columns)}]"


def column(tag: str) -> str:
    """A column of a row."""
    return f"r[{flux_string(tag)}]"


def one_of(tag: str, values: Sequence[str]) -> str:
    """A column that has one of the values: tests the storage engine itself can do."""
    tests = [f"{column(tag)} == {flux_string(value)}" for value in values]
    return tests[0] if len(tests) == 1 else f"({' or '.join(tests)})"


def number(value: float) -> str:
    """A float in plain digits: Flux knows no exponents, no infinity and no NaN."""
    digits = Decimal(repr(float(value)))
    if not digits.is_finite():
        raise NotRenderable(f"Flux cannot write {value!r}")
    text = f"{digits:f}"
    return text if "." in text else f"{text}.0"
