"""Regular expressions small enough to compile: the server does so before it runs anything."""

from __future__ import annotations

import re

from ons_platform.timeseries.flux import limits, literals
from ons_platform.timeseries.flux.errors import refuse

_REPEAT = re.compile(r"\{(\d+)(?:,(\d*))?\}")


def check_pattern(pattern: str, at: int) -> None:
    """Refuse a pattern that is long, repeats much, or cannot be written again as it was."""
    if len(pattern) > limits.MAX_PATTERN:
        refuse(f"A pattern has at most {limits.MAX_PATTERN} letters.", at)
    product = 1
    for least, most in _REPEAT.findall(pattern):
        product *= max(int(least[-9:]), int(most[-9:] or 0), 1)
    if product > limits.MAX_REPEAT:
        refuse(f"A pattern repeats its parts at most {limits.MAX_REPEAT} times.", at)
    try:
        same = literals.unescape_regex(literals.escape_regex(pattern)) == pattern
    except ValueError:
        same = False
    if not same or "\n" in pattern:
        refuse("This escape is not taken in a pattern; write the letter itself.", at)
