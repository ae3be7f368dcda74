"""How names are compared everywhere: without case, accents and stray blanks."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Without case, accents and repeated or outer blanks."""
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(plain.split())
