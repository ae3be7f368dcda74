"""GET /health and GET /ready: healthy, degraded, unhealthy (QRY-9, QRY-11)."""

from __future__ import annotations

from ons_platform import __version__


class Down:
    """A part that does not answer."""

    def __getattr__(self, name: str):
        raise ConnectionError("no route")


def test_a_healthy_platform_says_so_part_by_part(api) -> None:
    reply = api.get("/health")
    assert reply.status == 200
    assert reply.json["status"] == "healthy"
    assert reply.json["version"] == __version__
    parts = reply.json["components"]
    assert {name: part["status"] for name, part in parts.items()} == {
        "ledger": "healthy",
        "storage": "healthy",
        "lake_engine": "healthy",
        "influxdb": "not_configured",
    }
    assert parts["ledger"]["latency_ms"] >= 0
    assert api.get("/ready").json == {"ready": True, "version": __version__, "reasons": []}


def test_without_the_engine_it_is_degraded_and_not_ready(api) -> None:
    api.services.engine.close()
    vars(api.services)["engine"] = Down()
    reply = api.get("/health")
    assert (reply.status, reply.json["status"]) == (200, "degraded")
    ready = api.get("/ready")
    assert (ready.status, ready.json["reasons"]) == (503, ["lake_engine does not answer"])
    del vars(api.services)["engine"]


def test_without_storage_it_is_unhealthy(api) -> None:
    vars(api.services)["processed"] = Down()
    reply = api.get("/health")
    assert (reply.status, reply.json["status"]) == (503, "unhealthy")
    assert reply.json["components"]["storage"]["status"] == "unhealthy"


def test_without_influxdb_alone_it_is_degraded_and_ready(api) -> None:
    api.services.settings = api.services.settings.model_copy(
        update={"influxdb_url": "http://127.0.0.1:9", "influxdb_check_seconds": 0.0}
    )
    seen = []
    for _ in range(4):
        reply = api.get("/health")
        assert (reply.status, reply.json["status"]) == (200, "degraded")
        part = reply.json["components"]["influxdb"]
        assert (part["status"], part["reason"]) == ("unhealthy", "down")
        seen.append(part["breaker"])
    assert seen == ["closed", "closed", "open", "open"]
    assert api.get("/ready").json["ready"]
