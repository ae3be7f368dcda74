"""Whether a text table may have been cut off in its last row."""

from __future__ import annotations

import re
from pathlib import Path

_TAIL_BYTES = 64 * 1024
_FEW = 20
_FRACTION = re.compile(rb"-?\d+\.(\d{3,})")


def is_cut_off(path: Path, delimiter: str) -> bool:
    """A last row without a line break may be cut off: files of ONS end with one.

    It is whole where its last cell is quoted, or a number with as many decimal places as all the
    numbers above it.
    """
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = stream.read()
    if not tail or tail.endswith((b"\n", b"\r")):
        return False
    lines = tail.splitlines()[-_FEW:]
    *above, last = (line.rsplit(delimiter.encode(), 1)[-1].strip() for line in lines)
    if last.endswith(b'"') and len(last) > 1:
        return False
    places = [match and len(match.group(1)) for match in map(_FRACTION.fullmatch, above)]
    own = _FRACTION.fullmatch(last)
    steady = len(places) == _FEW - 1 and len(set(places)) == 1
    return not (steady and own is not None and len(own.group(1)) == places[0])
