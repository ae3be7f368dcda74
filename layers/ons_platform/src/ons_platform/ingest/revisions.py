"""What a version changed against the one before it: written beside the lake, told in short."""

from __future__ import annotations

import json
from typing import Any

from ons_platform.catalog.model import Dataset
from ons_platform.errors import NotFound
from ons_platform.lake.layout import revision_path
from ons_platform.lake.ledger import Ledger, ObjectVersion, Recorded
from ons_platform.lake.revision import Revision, Side, compare
from ons_platform.storage import Storage


def revise(
    version: ObjectVersion, dataset: Dataset, ledger: Ledger, processed: Storage
) -> dict[str, Any] | None:
    """Report what the recorded version changed; its summary, None for a key's first version.

    "Before" is the order of the versions, not of their arrival: where a newer one came first, its
    report is written anew against this one. Safe to repeat.
    """
    history = ledger.recorded(version.key)
    own = next((item for item in history if item.version_id == version.version_id), None)
    if own is None:
        return None
    place = history.index(own)
    if place and (later := ledger.get(version.key, history[place - 1].version_id)):
        told = _report(own, history[place - 1], dataset, processed)
        if told:
            ledger.update(later.version, revision=told)
    return _report(history[place + 1], own, dataset, processed) if history[place + 1 :] else None


def described(
    old: dict[str, Any], new: dict[str, Any], dataset: Dataset, found: Revision
) -> dict[str, Any]:
    """JSON form of a comparison; `old` and `new` name a `key` and a `version_id`."""
    return {"dataset": dataset.dataset, "from": old, "to": new, **found.as_dict()}


def recorded_side(version: Recorded, processed: Storage) -> Side:
    """The rows of a recorded version as its slices hold them."""
    return Side(processed, {item.partition: item.path for item in version.slices})


def _report(
    old: Recorded, new: Recorded, dataset: Dataset, processed: Storage
) -> dict[str, Any] | None:
    """None where the older rows are of another dataset, or not there any more."""
    if any(item.partition.dataset != dataset.dataset for item in (*old.slices, *new.slices)):
        return None
    try:
        found = compare(recorded_side(old, processed), recorded_side(new, processed), dataset)
    except (NotFound, FileNotFoundError):
        return None
    names = [{"key": item.key, "version_id": item.version_id} for item in (old, new)]
    body = described(names[0], names[1], dataset, found)
    path = revision_path(new.key, new.version_id)
    text = json.dumps(body, ensure_ascii=False, indent=2, allow_nan=False)
    processed.put_bytes(path, text.encode())
    return {"previous": old.version_id, "report": path, **found.summary()}
