"""What operators give, as far as it is known before a query runs."""

from __future__ import annotations

from ons_platform.timeseries.flux.values import Moment, Plain, Span, Unknown, Value, letters_of


def folded_sign(value: Value) -> Value:
    """The value with a minus before it."""
    if isinstance(value, Span):
        return Span(-value.months, -value.nanoseconds, value.infinite)
    if isinstance(value, Plain) and isinstance(value.known, int | float):
        return Plain("number", known=-value.known)
    return Plain("number")


def binary(operator: str, left: Value, right: Value) -> Value:
    """Two values joined: numbers are folded where they are whole, texts add up their lengths."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return Unknown(size=max(left.size, right.size))
    if operator == "+" and not _fixed(left) and not _fixed(right):
        kind = "text" if "text" in (_kind(left), _kind(right)) else ""
        return Plain(kind, letters_of(left) + letters_of(right))
    return Plain("number", known=_folded(operator, left, right))


def _kind(value: Value) -> str:
    return value.kind if isinstance(value, Plain) else ""


def _fixed(value: Value) -> bool:
    return isinstance(value, Moment | Span) or _kind(value) == "number"


def _folded(operator: str, left: Value, right: Value) -> int | None:
    one = left.known if isinstance(left, Plain) else None
    other = right.known if isinstance(right, Plain) else None
    if not isinstance(one, int) or not isinstance(other, int):
        return None
    result = {"+": one + other, "-": one - other, "*": one * other}.get(operator)
    return result if result is not None and abs(result) < 2**63 else None
