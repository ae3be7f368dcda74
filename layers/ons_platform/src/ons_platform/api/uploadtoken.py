"""Signed tokens for uploads to a gateway that stores objects itself, as S3's presigned URLs do."""

from __future__ import annotations

import hashlib
import hmac

from ons_platform.errors import Unauthorized


def sign(secret: str, key: str, expires_at: int) -> str:
    """Token that lets its bearer PUT the object `key` until `expires_at` (Unix seconds)."""
    return f"{expires_at}.{_signature(secret, key, expires_at)}"


def verify(secret: str, key: str, token: str, now: int) -> None:
    """Raise `Unauthorized` unless `token` was signed for `key` and is not past its time."""
    expires, _, signature = token.partition(".")
    if not secret or not expires.isascii() or not expires.isdigit() or len(expires) > 12:
        raise Unauthorized("The upload token is not one of ours; ask POST /uploads for a new URL.")
    if not hmac.compare_digest(
        signature.encode("utf-8", "replace"), _signature(secret, key, int(expires)).encode()
    ):
        raise Unauthorized("The upload token is not for this key; ask POST /uploads for a new URL.")
    if int(expires) < now:
        raise Unauthorized("The upload URL has expired; ask POST /uploads for a new one.")


def _signature(secret: str, key: str, expires_at: int) -> str:
    message = f"PUT\n{expires_at}\n{key}".encode("utf-8", "surrogatepass")
    return hmac.new(secret.encode("utf-8"), message, hashlib.sha256).hexdigest()
