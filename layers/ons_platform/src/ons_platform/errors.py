"""Every error the platform raises on purpose, in one tree.

    OnsError
    ├── TerminalError                 retrying cannot help
    │   ├── InvalidRequest            400
    │   │   └── UnsafeQuery           400  a raw query that is not provably read-only
    │   ├── Unauthorized              401
    │   ├── NotFound                  404
    │   ├── MethodNotAllowed          405
    │   ├── PayloadTooLarge           413
    │   ├── UnsupportedMediaType      415
    │   ├── RejectedPoints            422  points the time-series store does not take
    │   ├── StoreDenied               500  the time-series store does not take our token
    │   └── RejectedFile              422  an object that cannot become data; see its subclasses
    │       ├── UnsafeKey
    │       ├── UnsupportedFile
    │       ├── UnknownDataset
    │       ├── EmptyFile
    │       ├── MalformedFile
    │       └── FileLimitExceeded
    └── TransientError                retrying may help
        ├── RateLimited               429
        ├── ServiceUnavailable        503
        ├── StorageUnavailable        503
        ├── StoreUnavailable          503  the time-series store does not answer
        └── LeaseHeld                 503  another writer holds the partition

The class name is the ASL error name (what Retry and Catch match), `http_status` the status of the
`application/problem+json` answer and `exit_code` that of the `ons` command. An error says what was
wrong, where, and what would be right; it never carries a secret.
"""

from __future__ import annotations

from typing import Any, ClassVar


class OnsError(Exception):
    """Root of the tree: a message for people plus named places (`file`, `row`, `column`, ...)."""

    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "Internal error"

    def __init__(self, message: str, **where: Any) -> None:
        super().__init__(message)
        self.message = message
        self.where = {name: value for name, value in where.items() if value is not None}

    def as_dict(self) -> dict[str, Any]:
        """Machine-readable reason: `error` (class name), `message`, `transient` and the places."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "transient": isinstance(self, TransientError),
            **self.where,
        }


class TerminalError(OnsError):
    """Retrying the same input gives the same error."""


class TransientError(OnsError):
    """The same input may succeed later; `retry_after` is in seconds."""

    http_status = 503
    exit_code = 75
    title = "Temporarily unavailable"

    def __init__(self, message: str, *, retry_after: int = 5, **where: Any) -> None:
        super().__init__(message, retry_after=retry_after, **where)
        self.retry_after = retry_after


class InvalidRequest(TerminalError):
    """A request that does not fit its contract; `details` lists each field and what fits."""

    http_status = 400
    exit_code = 2
    title = "Invalid request"


class UnsafeQuery(InvalidRequest):
    """A raw query that is not provably read-only; `position` points at the token."""

    title = "Query refused"


class Unauthorized(TerminalError):
    """A missing or wrong API key."""

    http_status = 401
    exit_code = 77
    title = "Unauthorized"


class NotFound(TerminalError):
    """Nothing has that name."""

    http_status = 404
    exit_code = 4
    title = "Not found"


class MethodNotAllowed(TerminalError):
    """The path exists; `allow` lists the methods it takes."""

    http_status = 405
    exit_code = 2
    title = "Method not allowed"


class PayloadTooLarge(TerminalError):
    """A body over the documented limit."""

    http_status = 413
    exit_code = 2
    title = "Payload too large"


class UnsupportedMediaType(TerminalError):
    """A body that is not of the documented content type."""

    http_status = 415
    exit_code = 2
    title = "Unsupported media type"


class RejectedPoints(TerminalError):
    """Points the time-series store does not take; `points` names them and why."""

    http_status = 422
    exit_code = 65
    title = "Points rejected"


class StoreDenied(TerminalError):
    """The time-series store does not take our token: an operator's matter, never the caller's."""

    title = "Time-series store refuses access"


class RejectedFile(TerminalError):
    """An object that cannot become data as it is; it goes to the failed zone, replayable."""

    http_status = 422
    exit_code = 65
    title = "File rejected"


class UnsafeKey(RejectedFile):
    """An object key that could escape its folder or cannot be shown (`..`, control characters)."""


class UnsupportedFile(RejectedFile):
    """A kind of file no processor takes."""


class UnknownDataset(RejectedFile):
    """No dataset of the catalogue fits the name or the header; `candidates` names the nearest."""


class EmptyFile(RejectedFile):
    """No bytes, or a header and no rows."""


class MalformedFile(RejectedFile):
    """Content that is not what its extension says, breaks off, or does not fit the contract."""


class FileLimitExceeded(RejectedFile):
    """Over a limit of size, line length, expansion or time."""


class RateLimited(TransientError):
    """Too many requests for this key."""

    http_status = 429
    title = "Too many requests"


class ServiceUnavailable(TransientError):
    """A part the request needs is down; `retry_after` estimates the recovery."""


class StorageUnavailable(TransientError):
    """The object store did not answer."""


class StoreUnavailable(TransientError):
    """The time-series store does not answer, or its circuit is open; the lake still does."""


class LeaseHeld(TransientError):
    """Another writer holds the lease on this partition."""
