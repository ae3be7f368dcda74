"""What stands between the marks of a Flux literal: text, instants, spans; read and written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

NANOSECOND = 1
SECOND = 1_000_000_000
DAY = 86_400 * SECOND

UNITS = {
    "ns": NANOSECOND,
    "us": 1_000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3_600 * SECOND,
    "d": DAY,
    "w": 7 * DAY,
}
"""Nanoseconds of the units that are always as long."""
MONTHS = {"mo": 1, "y": 12}
"""Months of the units that are not."""
LARGEST = 2**63 - 1

_ESCAPE = re.compile(r'\\(?:x([0-9a-fA-F]{2})|([nrt\\"$]))')
_PLAIN = {"n": "\n", "r": "\r", "t": "\t"}
_PART = re.compile(r"(\d+)(mo|ms|us|µs|ns|[ywdhms])")
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|([+-])(\d\d):(\d\d)))?"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unescape(written: str) -> str:
    """The text that a string literal's inside stands for; ValueError for bytes that are none."""
    out = bytearray()
    place = 0
    for found in _ESCAPE.finditer(written):
        out += written[place : found.start()].encode()
        hexadecimal, letter = found.groups()
        out += bytes.fromhex(hexadecimal) if hexadecimal else _PLAIN.get(letter, letter).encode()
        place = found.end()
    out += written[place:].encode()
    return out.decode()


def escape(text: str) -> str:
    """The inside of a string literal for that text."""
    out = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return out.replace("\r", "\\r").replace("\t", "\\t").replace("$", "\\x24")


def unescape_regex(written: str) -> str:
    """The pattern between the slashes; ValueError where an escape is not ended."""
    out = bytearray()
    place = 0
    for found in re.finditer(r"\\(?:(/)|x([0-9a-fA-F]{2})|(x)|(.)|$)", written, re.DOTALL):
        out += written[place : found.start()].encode()
        slash, hexadecimal, broken, other = found.groups()
        if slash:
            out += b"/"
        elif hexadecimal:
            out += bytes.fromhex(hexadecimal)
        elif broken or other is None:
            raise ValueError("an escape is not ended")
        else:
            out += b"\\" + other.encode()
        place = found.end()
    out += written[place:].encode()
    return out.decode()


def escape_regex(pattern: str) -> str:
    """What is written between the slashes for that pattern."""
    out = []
    escaped = False
    for letter in pattern:
        if letter == "/":
            out.append("\\/")
        elif letter == "x" and escaped:
            out.append("x")
        else:
            out.append(letter)
        escaped = letter == "\\" and not escaped
    return "".join(out)


def duration_parts(written: str) -> tuple[tuple[int, str], ...]:
    """The parts of a duration literal; ValueError for a magnitude over 63 bits."""
    parts = tuple(
        (int(count[-40:]), unit.replace("µs", "us")) for count, unit in _PART.findall(written)
    )
    if any(count > LARGEST for count, _ in parts):
        raise ValueError("too long a duration")
    return parts


def nanoseconds(instant: str) -> int:
    """Nanoseconds since 1970 UTC of a date (its midnight UTC) or instant; ValueError for none."""
    found = _INSTANT.fullmatch(instant)
    if not found:
        raise ValueError("an instant needs its offset, as in 2024-01-01T00:00:00Z")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    leap = second == 60
    moment = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
    total = (moment - _EPOCH) // timedelta(seconds=1) * SECOND + leap * SECOND
    total += int((found[7] or "0")[:9].ljust(9, "0"))
    if found[9]:
        hours, minutes = int(found[10]), int(found[11])
        if hours > 23 or minutes > 59:
            raise ValueError("an offset is at most 23:59")
        offset = (hours * 60 + minutes) * 60 * SECOND
        total += offset if found[9] == "-" else -offset
    return total


def instant(moment: int) -> str:
    """The literal of an instant given in nanoseconds since 1970 UTC."""
    seconds, fraction = divmod(moment, SECOND)
    whole = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    whole = whole.rjust(19, "0")
    return f"{whole}.{fraction:09d}Z" if fraction else f"{whole}Z"


def add_months(moment: int, months: int) -> int:
    """The instant so many calendar months later (UTC); a day past the month's end is its last."""
    seconds, fraction = divmod(moment, SECOND)
    start = _EPOCH + timedelta(seconds=seconds)
    count = start.year * 12 + start.month - 1 + months
    year, month = divmod(count, 12)
    if not 1 <= year <= 9998:
        raise ValueError("out of the calendar")
    first = datetime(year, month + 1, 1, tzinfo=UTC)
    following = datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC)
    day = min(start.day, (following - first).days)
    moved = start.replace(year=year, month=month + 1, day=day)
    return (moved - _EPOCH) // timedelta(seconds=1) * SECOND + fraction
