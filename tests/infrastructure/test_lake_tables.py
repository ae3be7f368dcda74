"""The tables Athena reads the lake by: those of the catalogue, the files, the folders (LAK-9).

Athena itself cannot run here. What its tables say is compared with lake files the processor wrote,
and the views' own SQL, which is plain, runs over them in DuckDB.
"""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ons_platform.catalog.registry import catalog
from room import Room

TABLE = "AWS::Glue::Table"
VALUES = {"DatabaseName": "lake", "ProcessedBucketName": "processed"}
SAMPLES = ["CURVA_CARGA_2023.csv", "CARGA_ENERGIA_2023.csv", "CAPACIDADE_GERACAO.csv"]
SAMPLES += ["DADOS_HIDROLOGICOS_RES_2025.csv", "CMO_SEMANAL_2024.csv"]
PARQUET = {"string": pa.string(), "double": pa.float64(), "date": pa.date32()}


@pytest.fixture(scope="module")
def generator(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "generate_lake_tables", root / "scripts/generate_lake_tables.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tables(stacks: Any) -> dict[str, dict[str, Any]]:
    """Table inputs by name, as the stack has them."""
    found = stacks["lake_tables.yaml"].of_type(TABLE).values()
    return {table["TableInput"]["Name"]: table["TableInput"] for table in found}


@pytest.fixture(scope="module")
def lake(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A processed zone with the samples in it."""
    folder = tmp_path_factory.mktemp("lake")
    room = Room(folder)
    for name in SAMPLES:
        room.ingest(name, (root / "samples" / name).read_bytes())
    room.ledger.close()
    return folder / room.settings.processed_bucket


def filled(value: Any) -> str:
    """A text with the stack's parameters in it."""
    text = value["Fn::Sub"] if isinstance(value, dict) else value
    for name, given in VALUES.items():
        text = text.replace(f"${{{name}}}", given)
    return str(text).replace("${!", "${")


def view_of(table: dict[str, Any]) -> dict[str, Any]:
    """What a view's text holds once it is decoded."""
    before, encoded, after = table["ViewOriginalText"]["Fn::Join"][1]
    assert (before, after) == ("/* Presto View: ", " */")
    loaded: dict[str, Any] = json.loads(filled(encoded["Fn::Base64"]))
    return loaded


def lake_files(lake: Path) -> list[Path]:
    return sorted([*lake.glob("dataset=*/**/*.parquet"), *lake.glob("reference/*.parquet")])


def test_the_stack_is_what_the_catalogue_says(generator: ModuleType, root: Path) -> None:
    written = (root / "stacks/lake_tables.yaml").read_text("utf-8")
    assert written == generator.text(list(catalog())), "run scripts/generate_lake_tables.py"


def test_checking_changes_nothing(
    generator: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generator, "TARGET", tmp_path / "lake_tables.yaml")
    monkeypatch.setattr(generator.sys, "argv", ["generate", "--check"])
    assert generator.main() == 1
    assert not generator.TARGET.exists()
    monkeypatch.setattr(generator.sys, "argv", ["generate"])
    assert generator.main() == 0
    monkeypatch.setattr(generator.sys, "argv", ["generate", "--check"])
    assert generator.main() == 0


def test_every_dataset_has_a_view_of_its_sql_name(tables: dict[str, Any]) -> None:
    views = {name for name, table in tables.items() if table["TableType"] == "VIRTUAL_VIEW"}
    assert views == {dataset.table for dataset in catalog()}
    assert set(tables) - views == {f"lake_{name}" for name in views}


def test_names_and_sizes_are_such_as_aws_takes(stacks: Any, tables: Any, root: Path) -> None:
    assert (root / "stacks/lake_tables.yaml").stat().st_size < 1_000_000
    resources = stacks["lake_tables.yaml"].resources
    assert len(resources) <= 500
    assert all(re.fullmatch("[A-Za-z0-9]{1,255}", name) for name in resources)
    for name, table in tables.items():
        assert re.fullmatch("[a-z][a-z0-9_]{0,127}", name)
        described = table["StorageDescriptor"]["Columns"] + table["PartitionKeys"]
        columns = [column["Name"] for column in described]
        assert len(set(columns)) == len(columns), name
        assert all(re.fullmatch("[a-z][a-z0-9_]*", column) for column in columns), name


def test_a_view_declares_what_it_selects(tables: dict[str, Any]) -> None:
    athena = {"string": "varchar", "int": "integer", "timestamp": "timestamp(3)"}
    for name, table in tables.items():
        if table["TableType"] == "VIRTUAL_VIEW":
            view = view_of(table)
            described = [
                (column["Name"], athena.get(column["Type"], column["Type"]))
                for column in table["StorageDescriptor"]["Columns"]
            ]
            assert [(column["name"], column["type"]) for column in view["columns"]] == described
            selected = view["originalSql"].removeprefix("SELECT ").partition(" FROM ")[0]
            assert selected.replace('"', "").split(", ") == [column for column, _ in described]
            assert f'"lake"."lake_{name}"' in view["originalSql"]
            assert view["schema"] == "lake"


def test_columns_are_those_of_the_files(tables: dict[str, Any], lake: Path) -> None:
    seen = set()
    for path in lake_files(lake):
        table = tables[f"lake_{path.stem.replace('-', '_')}"]
        schema = pq.read_schema(path)
        declared = {
            column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]
        }
        assert list(declared) == schema.names, path
        for field in schema:
            kind = field.type
            plain = kind.value_type if pa.types.is_dictionary(kind) else kind
            if declared[field.name] == "timestamp":
                assert pa.types.is_timestamp(plain)
                assert plain.tz in (None, "UTC")
            else:
                assert plain == PARQUET[declared[field.name]], (path, field)
        seen.add(path.stem)
    assert len(seen) == len(SAMPLES)


def test_every_month_lies_where_its_table_looks(tables: dict[str, Any], lake: Path) -> None:
    months = [path for path in lake_files(lake) if path.parent.name != "reference"]
    assert len(months) > 30
    for path in months:
        table = tables[f"lake_{path.stem.replace('-', '_')}"]
        settings = table["Parameters"]
        template = re.escape(filled(settings["storage.location.template"]))
        digits = settings["projection.month.digits"]
        pattern = template.replace(r"\$\{year\}", r"(\d{4})")
        pattern = pattern.replace(r"\$\{month\}", rf"(\d{{{digits}}})")
        found = re.fullmatch(pattern, f"s3://processed/{path.parent.relative_to(lake)}/")
        assert found, path
        for value, name in zip(found.groups(), ("year", "month"), strict=True):
            low, high = map(int, settings[f"projection.{name}.range"].split(","))
            assert low <= int(value) <= high
        assert filled(table["StorageDescriptor"]["Location"]).startswith("s3://processed/dataset=")


def test_years_to_come_are_looked_for_too(tables: dict[str, Any]) -> None:
    for dataset in catalog():
        settings = tables[f"lake_{dataset.table}"]["Parameters"]
        if dataset.kind == "series":
            low, high = map(int, settings["projection.year.range"].split(","))
            assert low < dataset.files.first_year
            assert high >= 2049
        else:
            assert "projection.enabled" not in settings


def test_views_give_the_rows_of_their_dataset_only(tables: dict[str, Any], lake: Path) -> None:
    expected: dict[str, int] = {}
    for path in lake_files(lake):
        name = path.stem.replace("-", "_")
        expected[name] = expected.get(name, 0) + pq.read_metadata(path).num_rows
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS lake_catalog; CREATE SCHEMA lake")
        for name, count in expected.items():
            table = tables[f"lake_{name}"]
            place = filled(table["StorageDescriptor"]["Location"]).removeprefix("s3://processed/")
            keys = "".join(
                f", regexp_extract(filename, '{key['Name']}=(\\d+)', 1)::INT AS {key['Name']}"
                for key in table["PartitionKeys"]
            )
            connection.execute(
                f"CREATE VIEW lake.lake_{name} AS SELECT * EXCLUDE filename, "
                f"replace(filename, '{lake}/', 's3://processed/') AS \"$path\"{keys} FROM "
                f"read_parquet('{lake}/{place}**/*.parquet', union_by_name = true, "
                "filename = true, hive_partitioning = false)"
            )
            sql = view_of(tables[name])["originalSql"]
            found = connection.execute(f"SELECT count(*) FROM ({sql})").fetchone()
            assert found == (count,), name


def test_types_that_disagree_within_a_folder_are_refused(generator: ModuleType) -> None:
    first = catalog()["geracao-usina-2"]
    changed = [
        column.model_copy(update={"type": "number"}) if column.name == "ceg" else column
        for column in first.columns
    ]
    other = first.model_copy(update={"dataset": "other", "columns": tuple(changed)})
    with pytest.raises(ValueError, match="ceg is string in geracao-usina-2 and double in other"):
        generator.stack([first, other])


def test_a_type_athena_has_no_word_for_is_refused(generator: ModuleType) -> None:
    with pytest.raises(TypeError, match="int8"):
        generator.column_type(pa.int8())
    assert generator.column_type(pa.string()).glue == "string"


def test_queries_are_bounded_and_readers_read_the_lake_only(stacks: Any, template: Any) -> None:
    [workgroup] = stacks["athena.yaml"].of_type("AWS::Athena::WorkGroup").values()
    settings = workgroup["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == {"Ref": "BytesScannedLimit"}
    limits = template.document["Mappings"]["PerEnvironment"].values()
    assert all(10 * 1024**2 <= limit["AthenaBytes"] <= 100 * 1024**3 for limit in limits)
    [policy] = stacks["athena.yaml"].of_type("AWS::IAM::ManagedPolicy").values()
    written = [
        statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        if "s3:PutObject" in statement["Action"]
    ]
    assert [resource["Fn::Sub"].rpartition("/")[0][-8:] for resource in written] == ["/_athena"]
    assert not any(
        "*" in str(action)
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    )
    [rules] = [
        bucket["LifecycleConfiguration"]["Rules"]
        for name, bucket in template.of_type("AWS::S3::Bucket").items()
        if name == "ProcessedBucket"
    ]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    assert expiring == {"_athena/": 7, "_backfills/": 365}
