from __future__ import annotations

from ons_local.events import object_created
from ons_platform.lake.ledger import ObjectVersion


def test_the_event_names_the_version_and_back():
    version = ObjectVersion("raw", "é/ k.csv", "v1", "00AB", 7, "e", "2026-01-01T00:00:00Z")
    event = object_created(version)
    assert (event["source"], event["detail-type"]) == ("aws.s3", "Object Created")
    assert event["resources"] == ["arn:aws:s3:::raw"]
    assert event["detail"]["reason"] == "PutObject"
    assert ObjectVersion.from_event(event) == version
