"""Write stacks/lake_tables.yaml from the catalogue: what Athena needs to read the lake (LAK-9).

`python scripts/generate_lake_tables.py` writes; with `--check` it changes nothing and exits with 1
when the file is not what the catalogue says.

Each dataset has a table `lake_<name>` over the folders its files lie in, months by partition
projection, and a view `<name>`, which is the one to query: other datasets' files lie in the same
folders, and the view takes this one's rows. Of a reference dataset the view takes its one file.
Columns and types are those the processor writes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import yaml

from ons_platform.catalog.model import Dataset
from ons_platform.catalog.registry import catalog
from ons_platform.ingest.canonical_batch import reference_schema, series_schema
from ons_platform.lake.layout import Partition

TARGET = Path(__file__).parents[1] / "stacks/lake_tables.yaml"
LAST_YEAR = 2049
_HEADER = "# Written by scripts/generate_lake_tables.py from the catalogue; do not edit.\n"
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


class ColumnType(NamedTuple):
    """A column's type as Glue names it and as Athena's views name it."""

    glue: str
    athena: str


_TEXT = ColumnType("string", "varchar")
_INSTANT = ColumnType("timestamp", "timestamp(3)")
_MONTH_KEYS = {"year": ColumnType("int", "integer"), "month": ColumnType("int", "integer")}


def column_type(kind: pa.DataType) -> ColumnType:
    """How Athena reads a Parquet column of this type; instants are UTC there too."""
    if pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type):
        return _TEXT
    if pa.types.is_string(kind):
        return _TEXT
    if pa.types.is_timestamp(kind):
        return _INSTANT
    if pa.types.is_float64(kind):
        return ColumnType("double", "double")
    if pa.types.is_date32(kind):
        return ColumnType("date", "date")
    raise TypeError(f"no Athena type for {kind}")


def columns(dataset: Dataset) -> dict[str, ColumnType]:
    """Name and type of each column of the dataset's lake files."""
    series = dataset.kind == "series"
    schema = series_schema(dataset) if series else reference_schema(dataset)
    return {field.name: column_type(field.type) for field in schema}


def stack(datasets: Sequence[Dataset]) -> dict[str, Any]:
    """The CloudFormation template as a document.

    Raises `ValueError` where two datasets of one folder give a column different types: Athena opens
    every file of a folder with the table's types.
    """
    _check_shared_folders(datasets)
    resources: dict[str, Any] = {
        "Database": {
            "Type": "AWS::Glue::Database",
            "Properties": {
                "CatalogId": {"Ref": "AWS::AccountId"},
                "DatabaseInput": {
                    "Name": {"Ref": "DatabaseName"},
                    "Description": "The lake of the ONS data platform",
                },
            },
        }
    }
    for dataset in datasets:
        name = "".join(part.capitalize() for part in dataset.table.split("_"))
        resources[f"{name}Files"] = _table(_files(dataset))
        resources[f"{name}View"] = {**_table(_view(dataset)), "DependsOn": f"{name}Files"}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Glue database, tables and views over the lake, one of each a dataset.",
        "Parameters": {
            "DatabaseName": {"Type": "String"},
            "ProcessedBucketName": {"Type": "String"},
        },
        "Resources": resources,
        "Outputs": {
            "Database": {"Value": {"Ref": "Database"}, "Description": "Name of the database"}
        },
    }


def _check_shared_folders(datasets: Sequence[Dataset]) -> None:
    seen: dict[tuple[str, str], tuple[str, ColumnType]] = {}
    for dataset in datasets:
        if dataset.kind != "series":
            continue
        for name, kind in columns(dataset).items():
            other, known = seen.setdefault((dataset.dataset_type, name), (dataset.dataset, kind))
            if known != kind:
                raise ValueError(
                    f"{name} is {known.glue} in {other} and {kind.glue} in {dataset.dataset}: files"
                    f" of dataset_type {dataset.dataset_type} share folders, so their types must"
                    " agree"
                )


def _table(table_input: dict[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Glue::Table",
        "Properties": {
            "CatalogId": {"Ref": "AWS::AccountId"},
            "DatabaseName": {"Ref": "Database"},
            "TableInput": table_input,
        },
    }


def _files(dataset: Dataset) -> dict[str, Any]:
    series = dataset.kind == "series"
    folder = f"dataset={dataset.dataset_type}/" if series else f"{_reference(dataset)[0]}/"
    keys = _MONTH_KEYS if series else {}
    return {
        "Name": f"lake_{dataset.table}",
        "Description": f"Folders of {dataset.dataset}, with other datasets' files: query the view.",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {
            "classification": "parquet",
            "EXTERNAL": "TRUE",
            **(_projection(dataset, folder) if series else {}),
        },
        "PartitionKeys": _described(keys),
        "StorageDescriptor": {
            "Columns": _described(columns(dataset)),
            "Location": {"Fn::Sub": f"s3://${{ProcessedBucketName}}/{folder}"},
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {
                "SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe",
                "Parameters": {"serialization.format": "1"},
            },
        },
    }


def _projection(dataset: Dataset, folder: str) -> dict[str, Any]:
    """One year of room before the first file, for what a file has of the year before."""
    return {
        "projection.enabled": "true",
        "projection.year.type": "integer",
        "projection.year.range": f"{dataset.files.first_year - 1},{LAST_YEAR}",
        "projection.month.type": "integer",
        "projection.month.range": "1,12",
        "projection.month.digits": "2",
        "storage.location.template": {
            "Fn::Sub": f"s3://${{ProcessedBucketName}}/{folder}year=${{!year}}/month=${{!month}}/"
        },
    }


def _view(dataset: Dataset) -> dict[str, Any]:
    shown = {**columns(dataset), **(_MONTH_KEYS if dataset.kind == "series" else {})}
    text = json.dumps(
        {
            "originalSql": view_sql(dataset),
            "catalog": "awsdatacatalog",
            "schema": "${DatabaseName}",
            "columns": [{"name": name, "type": kind.athena} for name, kind in shown.items()],
        }
    )
    encoded = {"Fn::Base64": {"Fn::Sub": text}}
    return {
        "Name": dataset.table,
        "Description": dataset.title.en,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "PartitionKeys": [],
        "ViewOriginalText": {"Fn::Join": ["", ["/* Presto View: ", encoded, " */"]]},
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": _described(shown), "SerdeInfo": {}},
    }


def view_sql(dataset: Dataset) -> str:
    """The view's query; `${…}` are the stack's parameters."""
    names = [*columns(dataset), *(_MONTH_KEYS if dataset.kind == "series" else ())]
    selected = ", ".join(f'"{name}"' for name in names)
    source = f'"${{DatabaseName}}"."lake_{dataset.table}"'
    if dataset.kind == "series":
        where = f"\"dataset\" = '{dataset.dataset}'"
    else:
        path = "/".join(_reference(dataset))
        where = f"\"$path\" = 's3://${{ProcessedBucketName}}/{path}'"
    return f"SELECT {selected} FROM {source} WHERE {where}"  # noqa: S608 - names of the catalogue


def _reference(dataset: Dataset) -> tuple[str, str]:
    """Folder and name of a reference dataset's one file."""
    folder, _, name = Partition(dataset.dataset, dataset.dataset_type).path.rpartition("/")
    return folder, name


def _described(named: dict[str, ColumnType]) -> list[dict[str, str]]:
    return [{"Name": name, "Type": kind.glue} for name, kind in named.items()]


class _Dumper(yaml.SafeDumper):
    """YAML without anchors, small mappings on one line."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the base class's signature
        return True


def _mapping(dumper: yaml.SafeDumper, value: dict[str, Any]) -> yaml.Node:
    small = all(isinstance(item, str) for item in value.values()) and len(str(value)) < 80
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=small)


def _string(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    """Numbers and lists of them are texts here, whatever a YAML reader makes of them."""
    style = "'" if value[:1].isdigit() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(str, _string)


def text(datasets: Iterator[Dataset] | Sequence[Dataset]) -> str:
    """The file's content."""
    document = stack(sorted(datasets, key=lambda item: item.dataset))
    return _HEADER + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=2**20)


def main() -> int:
    """Write, or with `--check` compare."""
    wanted = text(list(catalog()))
    if "--check" in sys.argv[1:]:
        if TARGET.exists() and TARGET.read_text("utf-8") == wanted:
            return 0
        print(f"{TARGET.name} is not what the catalogue says: run {Path(__file__).name}")
        return 1
    TARGET.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
