from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ons_platform.lake import hotcolumns
from ons_platform.lake.engine import LakeEngine, sql_tables
from ons_platform.lake.hotcolumns import HotColumns

Row = Callable[..., dict[str, Any]]
SQL = "SELECT sum(value) AS v FROM curva_carga WHERE region = 'N'"
COLUMNS = ("value", "region")
MONTH = 800


@pytest.fixture
def engine(
    lake: Any, at: Row, object_version: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LakeEngine]:
    """Over two files, which are enough to be held."""
    monkeypatch.setattr(hotcolumns, "LEAST_FILES", 2)
    lake.put(object_version("A", 1), [at(0, "N", 1.0), at(1, "SE", 2.0), at(MONTH, "N", 3.0)])
    lake.refresh()
    made = LakeEngine(lake.storage, lake.knowledge_base)
    yield made
    made.close()


@pytest.fixture
def ask(lake: Any, engine: LakeEngine) -> Callable[..., Any]:
    def asked(sql: str = SQL, columns: tuple[str, ...] = COLUMNS) -> Any:
        tables = sql_tables(lake.knowledge_base.get("curva-carga"))
        return engine.rows(sql, [], tables, columns)[0]["v"]

    return asked


def held(engine: LakeEngine) -> list[tuple[str, int]]:
    sql = "SELECT table_name AS n, column_count AS c FROM duckdb_tables() ORDER BY n"
    return [(row["n"], row["c"]) for row in engine.rows(sql, [], {})]


def test_what_is_asked_again_is_held_once(engine: LakeEngine, ask: Any) -> None:
    assert ask() == 4.0
    assert held(engine) == []
    assert [ask(), ask()] == [4.0, 4.0]
    assert held(engine) == [("hot_1", 2)]
    assert ask("SELECT max(timestamp) IS NULL AS v FROM curva_carga", ("timestamp",)) is False
    assert held(engine) == [("hot_2", 3)]
    assert ask() == 4.0
    assert held(engine) == [("hot_2", 3)]


def test_a_changed_partition_is_seen_at_once(
    lake: Any, engine: LakeEngine, ask: Any, at: Row, object_version: Any
) -> None:
    for number in range(2, 6):
        assert ask() == ask() == ask()
        assert len(held(engine)) == 1
        lake.put(object_version("A", number), [at(0, "N", float(number)), at(MONTH, "N", 3.0)])
        lake.refresh()
        assert ask() == number + 3.0


def test_files_newer_than_what_is_known_of_them_are_not_held(
    lake: Any, engine: LakeEngine, ask: Any, at: Row, object_version: Any
) -> None:
    """A writer has swapped a file and not yet described it."""
    assert ask() == 4.0
    lake.put(object_version("A", 2), [at(0, "N", 7.0), at(MONTH, "N", 3.0)])
    assert [ask(), ask()] == [10.0, 10.0]
    assert held(engine) == []


def test_a_file_swapped_while_it_is_loaded_is_not_held(
    lake: Any, engine: LakeEngine, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = HotColumns._etags, []

    def once_right(self: HotColumns, paths: tuple[str, ...]) -> dict[str, str]:
        calls.append(paths)
        return real(self, paths) if len(calls) % 2 else {}

    monkeypatch.setattr(HotColumns, "_etags", once_right)
    assert [ask(), ask(), ask()] == [4.0, 4.0, 4.0]
    assert held(engine) == []


@pytest.mark.parametrize(("limit", "tables"), [(10, 0), (80, 1)])
def test_memory_is_bounded(
    engine: LakeEngine, lake: Any, at: Row, object_version: Any, limit: int, tables: int
) -> None:
    """72 bytes are two columns of three rows; then the older selection of files makes room."""
    engine._hot = HotColumns(lake.storage, limit)
    paths = sql_tables(lake.knowledge_base.get("curva-carga"))["curva_carga"]
    for files in (paths, paths[::-1]):
        for _ in range(3):
            assert engine.rows(SQL, [], {"curva_carga": files}, COLUMNS) == [{"v": 4.0}]
            assert len(held(engine)) <= tables
    assert len(held(engine)) == tables


def test_few_files_and_unnamed_columns_are_read_as_they_are(
    engine: LakeEngine, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [ask(SQL, ()) for _ in range(3)] == [4.0, 4.0, 4.0]
    monkeypatch.setattr(hotcolumns, "LEAST_FILES", 3)
    assert [ask() for _ in range(3)] == [4.0, 4.0, 4.0]
    assert held(engine) == []


def test_threads_share_what_is_held(engine: LakeEngine, ask: Any) -> None:
    """While tables come and go: each thread's columns make another one."""
    answers: list[float] = []
    extra = ("timestamp", "quality_flag", "measurement_type", "dataset_type")

    def run(number: int) -> None:
        answers.extend(ask(SQL, (*COLUMNS, extra[number % 4])) for _ in range(10))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [4.0] * 80
