from __future__ import annotations

import uuid
from typing import Any

import pytest

from influx import Influx
from influxdb_loader.handler import lambda_handler
from knowledge_updater.handler import lambda_handler as update_knowledge
from ons_platform.config import settings
from ons_platform.lake.ledger import Status
from ons_platform.timeseries.bootstrap import bootstrap
from ons_platform.timeseries.client import InfluxClient
from ons_platform.timeseries.loading import bring
from ons_platform.timeseries.loading.readback import VerificationFailed
from structured_data_processor.handler import lambda_handler as process_file


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Status.PROCESSED, Status.LOADED),
        (Status.SUPERSEDED, Status.SUPERSEDED),
        (Status.COMPLETED, Status.COMPLETED),
    ],
)
def test_moves_only_what_was_just_processed(
    platform: Any, routed: Any, before: Status, after: Status
) -> None:
    version = platform.store_sample()
    platform.ledger.update(version, status=before)
    assert lambda_handler(routed(version), None)["loaded"] is False
    assert platform.ledger.get(version.key, version.version_id).status is after


@pytest.fixture
def stored(platform: Any, influx_server: Influx, monkeypatch: pytest.MonkeyPatch) -> InfluxClient:
    """The platform with an organisation of its own in the server; a client of it."""
    org = f"loader-{uuid.uuid4().hex[:8]}"
    operator = influx_server.operator_token
    tokens = bootstrap(influx_server.url, org, operator_token=operator)
    monkeypatch.setenv("INFLUXDB_URL", influx_server.url)
    monkeypatch.setenv("INFLUXDB_ORG", org)
    monkeypatch.setenv("INFLUXDB_TOKEN", tokens.write)
    settings.cache_clear()
    return InfluxClient(influx_server.url, operator, org)


@pytest.fixture
def ingested(platform: Any, routed: Any) -> Any:
    """The event of a version that was just processed."""
    version = platform.store_sample()
    process_file(routed(version), None)
    return routed(version)


def count(client: InfluxClient) -> int:
    """Points of the daily load in the store."""
    tables = client.flux(
        'from(bucket: "consumption_data") |> range(start: 2000-01-01T00:00:00Z) '
        '|> filter(fn: (r) => r.dataset == "carga-energia") |> group() |> count()'
    )
    return sum(sum(table.columns["_value"]) for table in tables)


def status_of(platform: Any, event: Any) -> Status:
    version = event["object"]
    return Status(platform.ledger.get(version["key"], version["version_id"]).status)


@pytest.mark.influxdb
def test_a_files_months_are_loaded_once(platform: Any, stored: InfluxClient, ingested: Any) -> None:
    done = lambda_handler(ingested, None)
    assert (done["loaded"], done["points"], done["queued"]) == (True, 1460, [])
    assert len(done["partitions"]) == 12
    assert status_of(platform, ingested) is Status.LOADED
    assert count(stored) == 1460
    assert lambda_handler(ingested, None)["loaded"] is False
    stored.close()


@pytest.mark.influxdb
def test_what_waited_is_caught_up_with(
    platform: Any,
    stored: InfluxClient,
    ingested: Any,
    influx_server: Influx,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INFLUXDB_URL", "http://127.0.0.1:9")
    settings.cache_clear()
    away = lambda_handler(ingested, None)
    assert away["loaded"] is False
    assert "cannot be reached" in away["reason"]
    assert status_of(platform, ingested) is Status.LOADED
    update_knowledge(ingested, None)
    assert lambda_handler({"catch_up": True}, None)["loaded"] is False
    monkeypatch.setenv("INFLUXDB_URL", influx_server.url)
    settings.cache_clear()
    assert lambda_handler({"catch_up": True}, None)["points"] == 1460
    assert lambda_handler({"catch_up": True}, None)["loaded"] is False
    assert count(stored) == 1460
    stored.close()


class Context:
    """What Lambda tells a handler of its time."""

    def __init__(self, *left: int) -> None:
        self._left = iter(left)

    def get_remaining_time_in_millis(self) -> int:
        return next(self._left)


@pytest.mark.influxdb
def test_without_time_the_rest_waits(stored: InfluxClient, ingested: Any) -> None:
    done = lambda_handler(ingested, Context(300_000, 200_000, 100_000))
    assert (len(done["partitions"]), len(done["queued"])) == (2, 10)
    assert done["reason"] == "the time of this run is up"
    assert [item["partition"][-2:] for item in done["partitions"]] == ["01", "02"]
    stored.close()


@pytest.mark.influxdb
def test_a_load_that_fails_for_good_raises_after_the_others_were_made(
    platform: Any, stored: InfluxClient, ingested: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bring.read_back

    def wrong(client: Any, model: Any, span: Any) -> Any:
        found = whole(client, model, span)
        if span.start.month == 3 and found:
            found["demand_mw"].count += 1
        return found

    monkeypatch.setattr(bring, "read_back", wrong)
    with pytest.raises(VerificationFailed) as failed:
        lambda_handler(ingested, None)
    [difference] = failed.value.where["differences"]
    assert (difference["field"], difference["what"]) == ("demand_mw", "count")
    assert status_of(platform, ingested) is Status.LOADED
    assert count(stored) == 1460 - 124
    monkeypatch.undo()
    stored.close()
