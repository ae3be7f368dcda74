"""Object keys: which are safe to store and show, and what kind of file they name."""

from __future__ import annotations

import re
import unicodedata

from ons_platform.ingest.reasons import Phrase, reject

_MAX_KEY_BYTES = 1024
_HIDDEN = {"Cc", "Cs", "Zl", "Zp"}


def check_key(key: str) -> None:
    """Raise `UnsafeKey` for a key that is empty, absolute, climbs out, or cannot be shown."""
    problem = _problem(key)
    if problem:
        raise reject("unsafe_key", key=key, problem=Phrase(problem))


def filename(key: str) -> str:
    """The last segment of a key."""
    return key.rsplit("/", 1)[-1]


def extension(key: str) -> str:
    """What follows the last dot of the file name, lower-case; empty without one."""
    name = filename(key)
    return name.rsplit(".", 1)[-1].lower() if "." in name.strip(".") else ""


def _problem(key: str) -> str:
    if not key.strip() or key.endswith("/"):
        return "names_no_file"
    if len(key.encode("utf-8", "surrogatepass")) > _MAX_KEY_BYTES:
        return "too_long"
    if any(unicodedata.category(char) in _HIDDEN for char in key):
        return "hidden_characters"
    if key.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[/\\]", key):
        return "absolute"
    if any(part in (".", "..") for part in re.split(r"[/\\]", key)):
        return "climbs_out"
    return ""
