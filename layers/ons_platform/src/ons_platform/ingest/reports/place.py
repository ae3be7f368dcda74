"""Where the quality reports of object versions lie in the processed zone."""

from __future__ import annotations

from ons_platform.lake.ledger import ObjectVersion


def report_path(version: ObjectVersion) -> str:
    """Object path of a version's quality report."""
    return f"_reports/{version.key}/{version.version_id}.json"


def report_page_path(version: ObjectVersion) -> str:
    """Object path of the same report as a page for people."""
    return f"_reports/{version.key}/{version.version_id}.html"
