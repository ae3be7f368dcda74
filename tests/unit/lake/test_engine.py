from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.errors import InvalidRequest, NotFound, ServiceUnavailable, StorageUnavailable
from ons_platform.lake.engine import LakeEngine, civil_sql, sql_tables
from ons_platform.lake.merge import commit
from ons_platform.lake.slices import SliceWriter
from ons_platform.lake.zone import brasilia

Row = Callable[..., dict[str, Any]]


@pytest.fixture
def engine(lake: Any, at: Row, object_version: Any) -> Iterator[LakeEngine]:
    """Over two months of a few rows."""
    lake.put(object_version("A", 1), [at(0, "N", 1.0), at(1, "SE", 2.0), at(800, "N", 3.0)])
    lake.refresh()
    made = LakeEngine(lake.storage, lake.knowledge_base)
    yield made
    made.close()


@pytest.fixture
def tables(lake: Any, engine: LakeEngine) -> dict[str, list[str]]:
    return sql_tables(lake.knowledge_base.get("curva-carga"))


def test_rows_come_by_name_with_aware_instants(engine: LakeEngine, tables: Any, at: Row) -> None:
    sql = "SELECT timestamp, region, value FROM curva_carga WHERE value >= ? ORDER BY value"
    assert engine.rows(sql, [2], tables) == [
        {"timestamp": at(1)["timestamp"], "region": "SE", "value": 2.0},
        {"timestamp": at(800)["timestamp"], "region": "N", "value": 3.0},
    ]
    since = "SELECT count(*) AS n FROM curva_carga WHERE timestamp >= ?"
    assert engine.rows(since, [at(1)["timestamp"]], tables) == [{"n": 2}]
    assert engine.rows("SELECT 1 AS one", [], {}) == [{"one": 1}]


def test_columns(engine: LakeEngine) -> None:
    assert engine.columns("curva-carga")[:3] == ["timestamp", "dataset_type", "region"]
    with pytest.raises(NotFound):
        engine.columns("cmo-semanal")


def test_several_tables_in_one_query(engine: LakeEngine, tables: Any) -> None:
    both = {**tables, "first_file": tables["curva_carga"][:1]}
    sql = "SELECT (SELECT count(*) FROM curva_carga) a, (SELECT count(*) FROM first_file) f"
    assert engine.rows(sql, [], both) == [{"a": 3, "f": 2}]


def test_civil_time_is_brasilias_since_2000(engine: LakeEngine) -> None:
    """DuckDB's bundled ICU and the tzdata package tell the same civil time, hour by hour."""
    sql = (
        f"SELECT epoch(t)::BIGINT AS s, {civil_sql('t')} AS c"
        " FROM generate_series(TIMESTAMPTZ '2000-01-01 00:00:00+00',"
        " TIMESTAMPTZ '2019-12-31 23:00:00+00', INTERVAL 1 HOUR) AS g(t)"
    )
    rows = engine.rows(sql, [], {})
    instants = np.array([row["s"] for row in rows], "datetime64[s]")
    expected = [datetime.fromtimestamp(row["s"], brasilia()).replace(tzinfo=None) for row in rows]
    assert len(instants) > 175_000
    assert [row["c"] for row in rows] == expected
    assert brasilia().key == "America/Sao_Paulo"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "",
        "COPY (SELECT 1) TO '{root}/x.csv'",
        "CREATE TABLE x AS SELECT 1",
        "ATTACH '{root}/x.db'",
        "INSTALL httpfs",
        "SET threads = 8",
        "PRAGMA database_list",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_csv('{root}/../ledger.db')",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_parquet('https://example.org/x.parquet')",
        "SELECT * FROM tables",
        "SELECT no_such_column FROM curva_carga",
        "SELECT CAST('x' AS INTEGER)",
        "SELECT ?",
        "not SQL",
    ],
)
def test_what_is_not_one_select_of_the_lake_is_refused(
    engine: LakeEngine, tables: Any, tmp_path: Path, sql: str
) -> None:
    with pytest.raises(InvalidRequest):
        engine.rows(sql.format(root=tmp_path / "processed"), [], tables)
    assert not (tmp_path / "processed" / "x.csv").exists()


@pytest.mark.parametrize("name", ["x y", "x; DROP", "", "X", "x\n"])
def test_table_names_are_plain(engine: LakeEngine, tables: Any, name: str) -> None:
    with pytest.raises(InvalidRequest, match="plain name"):
        engine.rows("SELECT 1", [], {name: tables["curva_carga"]})
    with pytest.raises(InvalidRequest, match="at least one file"):
        engine.rows("SELECT 1", [], {"x": []})


def test_a_query_has_an_end(lake: Any) -> None:
    engine = LakeEngine(lake.storage, lake.knowledge_base, timeout=0.2)
    sql = "SELECT count(*) FROM range(1000000000) a, range(1000000) b WHERE a.range % 7 = b.range"
    with pytest.raises(ServiceUnavailable, match="too long"):
        engine.rows(sql, [], {})
    assert engine.rows("SELECT 1 AS one", [], {}) == [{"one": 1}]
    engine.close()


def test_memory_and_rows_are_bounded(lake: Any) -> None:
    engine = LakeEngine(lake.storage, lake.knowledge_base, memory_mb=20, max_rows=100)
    with pytest.raises(InvalidRequest, match="over 100 rows"):
        engine.rows("SELECT * FROM range(101)", [], {})
    assert len(engine.rows("SELECT * FROM range(100)", [], {})) == 100
    with pytest.raises(ServiceUnavailable, match="memory"):
        engine.rows("SELECT list(range) FROM range(50000000)", [], {})
    engine.close()


def test_files_that_cannot_be_read_are_transient(engine: LakeEngine) -> None:
    with pytest.raises(StorageUnavailable):
        engine.rows("SELECT * FROM gone", [], {"gone": ["dataset=x/gone.parquet"]})


def test_a_file_swapped_while_it_is_read_is_read_again(
    engine: LakeEngine, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failed = engine._fetch, []

    def once(*arguments: Any) -> Any:
        if not failed:
            failed.append(1)
            raise duckdb.IOException("the file changed")
        return real(*arguments)

    monkeypatch.setattr(engine, "_fetch", once)
    assert engine.rows("SELECT count(*) AS n FROM curva_carga", [], tables) == [{"n": 3}]


def test_an_answer_follows_the_newest_file_at_once(
    lake: Any, engine: LakeEngine, tables: Any, at: Row, object_version: Any
) -> None:
    for number in range(2, 6):
        lake.put(object_version("A", number), [at(0, "N", float(number)), at(800)])
        sql = "SELECT sum(value) AS v FROM curva_carga WHERE region = 'N'"
        assert engine.rows(sql, [], tables) == [{"v": float(number)}]


def test_files_with_other_columns_are_read_together(
    lake: Any, at: Row, object_version: Any, lake_rows: Any
) -> None:
    dataset = catalog()["geracao-usina-2"]
    for number, hour in enumerate((0, 800), start=1):
        version = object_version(f"K{number}", number)
        table, months = lake_rows(dataset, [at(hour, ceg="x")])
        writer = SliceWriter(dataset, version, lake.storage, lake.workdir)
        writer.write(table if number == 2 else table.drop_columns("ceg"), months)
        commit(version, dataset, writer.close(), lake.ledger, lake.storage)
    lake.dataset = dataset
    engine = LakeEngine(lake.storage, lake.knowledge_base)
    found = engine.rows(
        "SELECT ceg FROM geracao_usina_2 ORDER BY timestamp", [], sql_tables(lake.refresh())
    )
    assert found == [{"ceg": None}, {"ceg": "x"}]
    engine.close()


def test_threads_share_the_engine(engine: LakeEngine, tables: Any) -> None:
    answers = []

    def ask(number: int) -> None:
        sql = "SELECT sum(value) + ? AS v FROM curva_carga"
        answers.append(engine.rows(sql, [number], tables)[0]["v"] - number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [6.0] * 8


def test_the_lake_on_s3_is_read_the_same(cloud_lake: Any, at: Row, object_version: Any) -> None:
    rows = [at(0, "N", 1.0), at(1, "SE", 2.0), at(800, "N", 3.0)]
    cloud_lake.put(object_version("A", 1), rows)
    tables = sql_tables(cloud_lake.refresh())
    engine = LakeEngine(cloud_lake.storage, cloud_lake.knowledge_base)
    columns = f"region, sum(value) AS v, min({civil_sql()}) AS c"
    sql = f"SELECT {columns} FROM curva_carga GROUP BY region ORDER BY region"
    midnight = datetime(2023, 1, 1)  # noqa: DTZ001 - civil time
    assert engine.rows(sql, [], tables) == [
        {"region": "N", "v": 4.0, "c": midnight},
        {"region": "SE", "v": 2.0, "c": midnight + timedelta(hours=1)},
    ]
    assert engine.rows("SELECT max(timestamp) AS t FROM curva_carga", [], tables) == [
        {"t": datetime(2023, 1, 1, 3, tzinfo=UTC) + timedelta(hours=800)}
    ]
    with pytest.raises(InvalidRequest):
        engine.rows("SELECT * FROM read_text('s3://another-bucket/x')", [], tables)
    engine.close()
