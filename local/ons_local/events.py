"""The event S3 sends through EventBridge when an object version was created."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ons_local.intrinsics import ACCOUNT, REGION
from ons_platform.lake.ledger import ObjectVersion


def object_created(version: ObjectVersion, reason: str = "PutObject") -> dict[str, Any]:
    """`Object Created` for this version, field by field as S3 documents it (ING-1)."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": ACCOUNT,
        "time": version.event_time,
        "region": REGION,
        "resources": [f"arn:aws:s3:::{version.bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": version.bucket},
            "object": {
                "key": version.key,
                "size": version.size,
                "etag": version.etag,
                "version-id": version.version_id,
                "sequencer": version.sequencer,
            },
            "request-id": uuid4().hex[:16].upper(),
            "requester": ACCOUNT,
            "source-ip-address": "127.0.0.1",
            "reason": reason,
        },
    }
