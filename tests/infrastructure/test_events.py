"""The event files: real shapes, one per function and path (`sam local invoke --event`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FUNCTION = "AWS::Serverless::Function"


def events(root: Path) -> dict[str, Any]:
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((root / "events").glob("*.json"))
    }


def packages(template: Any) -> dict[str, dict[str, Any]]:
    """Package -> properties of its function."""
    return {
        properties["Handler"].partition(".")[0]: properties
        for properties in template.of_type(FUNCTION).values()
    }


def test_every_event_belongs_to_a_function_and_every_function_has_one(
    root: Path, template: Any
) -> None:
    owners = {name.partition("-")[0] for name in events(root)}
    assert owners == set(packages(template))


def test_every_route_has_an_event(root: Path, template: Any) -> None:
    declared = {
        (package, event["Properties"]["Method"], event["Properties"]["Path"])
        for package, properties in packages(template).items()
        for event in properties.get("Events", {}).values()
        if event["Type"] == "Api"
    }
    shown = {
        (name.partition("-")[0], event["httpMethod"], event["resource"])
        for name, event in events(root).items()
        if "httpMethod" in event
    }
    assert shown == declared


@pytest.mark.parametrize("field", ["source", "detail-type", "time", "detail"])
def test_storage_events_are_as_s3_sends_them(root: Path, field: str) -> None:
    routed = [event["event"] for name, event in events(root).items() if "lambda_router" in name]
    assert routed
    for event in routed:
        assert event[field]
        assert {"key", "size", "etag", "version-id", "sequencer"} == set(event["detail"]["object"])


def test_open_routes_are_shown_without_a_key(root: Path, template: Any) -> None:
    open_paths = {
        event["Properties"]["Path"]
        for properties in packages(template).values()
        for event in properties.get("Events", {}).values()
        if event["Properties"].get("Auth") == {"ApiKeyRequired": False}
    }
    assert open_paths == {"/", "/health", "/ready", "/openapi.json"}
    for event in events(root).values():
        if "httpMethod" in event:
            assert ("x-api-key" in event["headers"]) == (event["resource"] not in open_paths)
