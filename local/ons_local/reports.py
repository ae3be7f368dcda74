"""What `ons status`, `ons ask --chart` and `ons replay` put together from the API's answers."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ons_local.client import Client
from ons_local.uploads import follow
from ons_platform.errors import InvalidRequest, NotFound

_LISTED = 1000


def overview(client: Client) -> dict[str, Any]:
    """Objects, how many have which status, and the platform's own state (none on AWS)."""
    objects = client.get("/objects", limit=_LISTED)["objects"]
    return {
        "counts": dict(Counter(entry["status"] for entry in objects)),
        "objects": objects,
        "platform": platform_state(client),
    }


def platform_state(client: Client) -> dict[str, Any] | None:
    """The embedded platform's own account of itself; AWS has no such page."""
    try:
        return dict(client.get("/_platform"))
    except NotFound:
        return None


def replayed(client: Client, body: Mapping[str, Any], *, wait: bool) -> list[dict[str, Any]]:
    """Start the executions and return the entries, at their ends if `wait`."""
    started = client.post("/replay", body)["executions"]
    if wait:
        return [
            follow(client, one["key"], one["version_id"], lambda _: None, one["execution_id"])
            for one in started
        ]
    return [
        client.get(client.object_path(one["key"]), version_id=one["version_id"]) for one in started
    ]


def check_chart_file(path: Path) -> None:
    """Raise `InvalidRequest` unless the name says which kind of chart to write."""
    if path.suffix.lower() not in (".svg", ".html"):
        raise InvalidRequest(f"{path}: a chart file ends in .svg or .html")


def write_chart(path: Path, answer: Mapping[str, Any]) -> bool:
    """Write the answer's chart, as it is or in a page; `False` when it has none."""
    chart = answer.get("chart")
    if not chart:
        return False
    if path.suffix.lower() == ".html":
        title = html.escape(str(answer["question"]))
        text = html.escape(str(answer["answer"]))
        chart = (
            f'<!doctype html><html lang="{answer["language"]}"><meta charset="utf-8">'
            f"<title>{title}</title><h1>{title}</h1><p>{text}</p>{chart}</html>\n"
        )
    path.write_text(chart, "utf-8")
    return True
