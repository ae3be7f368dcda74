"""What processing one object version came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ons_platform.lake.ledger import ObjectVersion, Status


@dataclass(frozen=True)
class Outcome:
    """Counts of one processed object version.

    `rows_read` counts rows of the file; `rows_written` and `rows_flagged` canonical rows;
    `rows_skipped` rows left out (the report says why). `report` is the object path of the quality
    report in the processed zone.
    """

    version: ObjectVersion
    dataset: str
    status: Status
    rows_read: int
    rows_written: int
    rows_flagged: int
    rows_skipped: int
    partitions: tuple[str, ...]
    report: str

    def as_dict(self) -> dict[str, Any]:
        """JSON form, the version under `object` as everywhere in the state machine."""
        fields = asdict(self)
        del fields["version"]
        return {
            "object": self.version.as_dict(),
            **fields,
            "status": self.status.value,
            "partitions": list(self.partitions),
        }
