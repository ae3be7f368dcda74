"""Lines to the store in batches, some at once; a line it refuses never takes others with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from ons_platform.errors import RejectedPoints
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.loading.encode import Lines
from ons_platform.timeseries.loading.survey import Part

CONNECTIONS = 2
MAX_REJECTED = 1_000
"""Rows of one load: more of them is no matter of rows."""
_WAITING = 2 * CONNECTIONS


class BatchWriter:
    """Writes the lines of one load; `rejected` has the refused rows and the server's reasons.

    Every batch is answered for before `close` returns. Memory holds a few batches. Raises what the
    client raises, and `RejectedPoints` when over a thousand rows are refused.
    """

    def __init__(
        self, client: InfluxClient, bucket: str, batch_points: int, renew: Callable[[], None]
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._size = batch_points
        self._renew = renew
        self._pool = ThreadPoolExecutor(CONNECTIONS, "influx-write")
        self._waiting: deque[Future[None]] = deque()
        self.rejected: dict[int, str] = {}

    def __enter__(self) -> BatchWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for what was sent; after an error nothing more is sent."""
        try:
            while kind is None and self._waiting:
                self._waiting.popleft().result()
        finally:
            self._pool.shutdown(cancel_futures=True)

    def write(self, lines: Lines, part: Part) -> None:
        """Send the lines of some rows; waits while too many batches are under way."""
        for start in range(0, len(lines), self._size):
            self._renew()
            while len(self._waiting) >= _WAITING:
                self._waiting.popleft().result()
            stop = min(start + self._size, len(lines))
            self._waiting.append(self._pool.submit(self._send, lines, part, start, stop))

    def _send(self, lines: Lines, part: Part, start: int, stop: int) -> None:
        """Of a refused batch each half is tried apart, down to the lines that are refused."""
        try:
            self._client.write(self._bucket, lines.text(start, stop))
            return
        except RejectedPoints as error:
            if len(self.rejected) >= MAX_REJECTED:
                raise RejectedPoints(
                    f"the store refuses over {MAX_REJECTED:,} rows: {_reason(error)}",
                    points=error.where.get("points"),
                ) from error
            if stop - start == 1:
                self.rejected[part.row(start)] = _reason(error)
                return
        middle = (start + stop) // 2
        self._send(lines, part, start, middle)
        self._send(lines, part, middle, stop)


def _reason(error: RejectedPoints) -> str:
    """What the server says of the first point it names."""
    points: list[dict[str, str]] = error.where.get("points") or [{}]
    first = points[0]
    details = [f"{name} {first[name]}" for name in ("field", "type", "known") if name in first]
    return "; ".join([str(first.get("reason", error.message)), *details])
