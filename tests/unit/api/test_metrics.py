"""GET /metrics in both forms (QRY-10)."""

from __future__ import annotations

from ons_platform.lake.ledger import Status

SQL = {"language": "sql", "query": "SELECT 1 AS one"}


def test_queries_objects_and_rows_are_counted(loaded) -> None:
    loaded.receive("a", Status.COMPLETED)
    loaded.receive("b", Status.FAILED)
    assert loaded.post("/query/flux", SQL).status == 200
    assert loaded.post("/query/flux", SQL | {"query": "DROP TABLE x"}).status == 400
    assert loaded.post("/query/flux", SQL | {"language": "flux"}).status == 503
    found = loaded.get("/metrics").json
    assert found["raw_queries"]["by_status"] == {"failed": 1, "ok": 1, "refused": 1}
    assert found["raw_queries"]["by_language"] == {"flux": 1, "sql": 2}
    assert found["raw_queries"]["latency_ms"]["p95"] > 0
    assert found["queries"]["total"] == 0
    assert found["objects"]["completed"] == 1
    assert found["objects"]["failed"] == 1
    assert found["rows"] == {"total": 96, "by_dataset": {"curva-carga": 96}}


def test_prometheus_gets_its_text(loaded) -> None:
    loaded.post("/query/flux", SQL)
    reply = loaded.get("/metrics", Accept="text/plain")
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = reply.text.splitlines()
    assert 'ons_queries_total{kind="raw",status="ok",language="sql"} 1' in lines
    assert 'ons_query_duration_ms_bucket{kind="raw",le="+Inf"} 1' in lines
    assert 'ons_query_duration_ms_count{kind="raw"} 1' in lines
    assert 'ons_lake_rows{dataset="curva-carga"} 96' in lines
    assert reply.text.endswith("\n")


def test_a_ledger_that_is_down_costs_the_statistic_not_the_answer(loaded, capsys) -> None:
    ledger = loaded.services.ledger
    ledger.close()
    ledger.path.unlink()
    ledger.path.mkdir()
    assert loaded.post("/query/flux", SQL).status == 200
    assert '"event": "usage.not_counted"' in capsys.readouterr().out
