"""The event S3 sends through EventBridge when an object version was created."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ons_local.intrinsics import ACCOUNT, REGION
from ons_platform.lake.ledger import ObjectVersion


def object_created(version: ObjectVersion, reason: str = "PutObject") -> dict[str, Any]:
    """`Object Created` for this version, field by field as S3 documents it (ING-1)."""
    event = version.to_event(reason)
    event |= {
        "id": str(uuid4()),
        "account": ACCOUNT,
        "region": REGION,
        "resources": [f"arn:aws:s3:::{version.bucket}"],
    }
    event["detail"] |= {
        "version": "0",
        "request-id": uuid4().hex[:16].upper(),
        "requester": ACCOUNT,
        "source-ip-address": "127.0.0.1",
    }
    return event
