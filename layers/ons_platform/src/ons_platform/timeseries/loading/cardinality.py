"""How many series a bucket has, and whether a load may add its own."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ons_platform.errors import TerminalError
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.points import DATASET_TAG, PointModel

_CARDINALITY = """\
import "influxdata/influxdb"
influxdb.cardinality(bucket: {bucket}, start: 1900-01-01T00:00:00Z)
"""


class TooManySeries(TerminalError):
    """A load would make more series than the bucket may have; see `ONS_INFLUXDB_MAX_SERIES`."""

    http_status = 422
    exit_code = 65
    title = "Too many series"


def cardinality(client: InfluxClient, bucket: str) -> int:
    """Series in the bucket, as the server's index has them."""
    tables = client.flux(_CARDINALITY.format(bucket=json.dumps(bucket)))
    return sum(sum(table.columns["_value"]) for table in tables)


def check_cardinality(
    client: InfluxClient, model: PointModel, heads: Iterable[str], limit: int
) -> int:
    """The series the bucket has, plus those that a load of these lines' beginnings adds.

    Raises `TooManySeries` before anything is written when that is over the limit. What is new is
    looked up only where it matters.
    """
    there, own = cardinality(client, model.bucket), {head.rpartition(" ")[0] for head in heads}
    if there + len(own) <= limit:
        return there + len(own)
    question = f'SHOW SERIES FROM "{model.measurement}" WHERE "{DATASET_TAG}" = \'{model.dataset}\''
    known = {
        row[0]
        for statement in client.influxql(question, database=model.bucket)
        for series in statement
        for row in series.values
    }
    total = there + len(own - known)
    if total > limit:
        raise TooManySeries(
            f"Loading {model.dataset} would give {model.bucket} {total:,} series; the limit is "
            f"{limit:,}",
            dataset=model.dataset,
            bucket=model.bucket,
            series=total,
            limit=limit,
        )
    return total
