"""GET /revisions/{key+}."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from ons_platform.catalog.registry import catalog
from ons_platform.ingest.revisions import described
from ons_platform.lake.ledger import Status
from ons_platform.lake.revision import Revision

NOW = datetime(2023, 1, 1, 3, tzinfo=UTC)
KEY = "year=2023/CURVA CARGA_2023.csv"
PATH = "/revisions/year=2023/CURVA%20CARGA_2023.csv"


def test_the_report_of_the_newest_or_a_named_version(api, lake_rows) -> None:
    found = Revision(catalog()["curva-carga"])
    row = {"timestamp": NOW, "region": "SE", "value": 1.0}
    tables = [lake_rows(found.dataset, [row | {"value": value}])[0] for value in (1.0, 3.0)]
    found.add(*tables)
    names = [{"key": KEY, "version_id": version} for version in ("v1", "v2")]
    report = described(names[0], names[1], found.dataset, found)
    path = f"_revisions/{KEY}/v2.json"
    api.services.processed.put_bytes(path, json.dumps(report).encode())
    api.receive(KEY, Status.SUPERSEDED)
    api.receive(KEY, Status.COMPLETED, revision={"report": path, **found.summary()})
    reply = api.get(PATH)
    assert reply.json == report
    assert reply.json["largest"]["difference"] == 2.0
    assert api.get(PATH, {"version_id": "v2"}).json == report
    assert api.get("/objects/year=2023/CURVA%20CARGA_2023.csv").json["revision"]["report"] == path


def test_a_first_version_has_nothing_to_be_compared_with(api) -> None:
    api.receive(KEY, Status.COMPLETED)
    reply = api.get(PATH)
    assert reply.status == 404
    assert "nothing to compare it with" in reply.json["detail"]


def test_an_unknown_object_is_not_found(api) -> None:
    assert api.get("/revisions/nothing").status == 404
