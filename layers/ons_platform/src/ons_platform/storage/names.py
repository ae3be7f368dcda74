"""Any S3 key as a relative file name that stays inside its folder, and back.

`%` escapes: bytes that a file name cannot hold, the segments `.` and `..`, a leading dot of the
first segment (the platform's own folders start with one). An empty segment is `%`; a segment
longer than a file name continues in sub-folders that start with `%+`. Different keys never share
a name.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from ons_platform.errors import UnsafeKey

_PIECE = 200
_UNSAFE = re.compile(r"[%\x00-\x1f\x7f\\]")


def key_to_name(key: str) -> PurePosixPath:
    """Relative path of the file that holds this key."""
    try:
        key.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnsafeKey("the object key is not valid UTF-8", key=repr(key)) from error
    if not key:
        raise UnsafeKey("the object key is empty")
    pieces: list[str] = []
    for index, segment in enumerate(key.split("/")):
        pieces.extend(_pieces(_escape(segment, first=index == 0)))
    return PurePosixPath(*pieces)


def name_to_key(name: PurePosixPath) -> str:
    """The key whose file has this relative path."""
    segments: list[str] = []
    for piece in name.parts:
        if piece.startswith("%+"):
            segments[-1] += piece[2:]
        else:
            segments.append(piece)
    return "/".join("" if s == "%" else _unescape(s) for s in segments)


def _escape(segment: str, *, first: bool) -> str:
    if not segment:
        return "%"
    if segment in {".", ".."} or (first and segment.startswith(".")):
        return "%2E" + _UNSAFE.sub(_percent, segment[1:])
    return _UNSAFE.sub(_percent, segment)


def _percent(match: re.Match[str]) -> str:
    return f"%{ord(match.group()):02X}"


def _unescape(segment: str) -> str:
    return re.sub(r"%([0-9A-F]{2})", lambda match: chr(int(match.group(1), 16)), segment)


def _pieces(segment: str) -> list[str]:
    """Cut into pieces of at most 200 bytes, never inside an escape or a character."""
    if len(segment.encode()) <= _PIECE:
        return [segment]
    pieces, piece, size = [], "", 0
    for token in re.findall(r"%[0-9A-F]{2}|.", segment, flags=re.DOTALL):
        width = len(token.encode())
        if size + width > _PIECE:
            pieces.append(piece)
            piece, size = "", 0
        piece, size = piece + token, size + width
    pieces.append(piece)
    return [pieces[0], *(f"%+{rest}" for rest in pieces[1:])]
