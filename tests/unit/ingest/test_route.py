"""Where objects go, without reading them."""

from __future__ import annotations

from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from ons_platform import errors
from ons_platform.ingest.route import route
from ons_platform.storage import Storage

ROUTES = [
    ("CURVA_CARGA_2023.CSV", "lambda", "csv", "curva-carga"),
    ("CARGA_ENERGIA_2023.xlsx", "lambda", "xlsx", "carga-energia"),
    ("x.json", "lambda", "json", None),
    ("CURVA_CARGA_2023.xls", "lambda", "xls", "curva-carga"),
    ("CURVA_CARGA_2023.csv.gz", "lambda", "gz", "curva-carga"),
    ("x.zip", "lambda", "zip", None),
    ("x.tsv", "lambda", "csv", None),
    ("x.txt", "lambda", "csv", None),
    ("x.parquet", "lambda", "parquet", None),
    ("x.pdf", "batch", "pdf", None),
    ("x.docx", "batch", "docx", None),
    ("scan.TIFF", "batch", "image", None),
]


@pytest.mark.parametrize(("name", "kind", "form", "dataset"), ROUTES)
def test_the_extension_decides(
    room: Any, name: str, kind: str, form: str, dataset: str | None
) -> None:
    version = room.put(name, b"x")
    answer = route(version, room.settings, room.storage("raw")).as_dict()
    assert answer["processingType"] == kind
    assert answer["processorConfig"]["format"] == form
    assert answer["processorConfig"]["dataset"] == dataset
    assert answer["object"] == version.as_dict()
    assert answer["outputLocation"].startswith("s3://ons-data-platform-processed")


def test_large_tables_go_to_batch_with_more_room(room: Any) -> None:
    version = room.put("x.csv", b"x" * 101)
    room.settings = room.settings.model_copy(update={"batch_threshold_bytes": 100})
    answer = route(version, room.settings, room.storage("raw"))
    assert (answer.processing_type, answer.vcpu, answer.memory) == ("batch", 2, 8192)


def test_packed_tables_count_by_what_they_usually_expand_to(room: Any) -> None:
    version = room.put("x.csv.gz", b"x" * 11)
    room.settings = room.settings.model_copy(update={"batch_threshold_bytes": 100})
    assert route(version, room.settings, room.storage("raw")).processing_type == "batch"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("x.csv", b"", errors.EmptyFile),
        ("x.csv", b"x" * 200, errors.FileLimitExceeded),
        ("x.exe", b"x", errors.UnsupportedFile),
        ("no extension", b"x", errors.UnsupportedFile),
        ("a\\..\\x.csv", b"x", errors.UnsafeKey),
    ],
)
def test_what_no_processor_takes_is_refused(
    room: Any, name: str, content: bytes, kind: type[errors.RejectedFile]
) -> None:
    room.settings = room.settings.model_copy(update={"max_object_bytes": 100})
    with pytest.raises(kind):
        route(room.put(name, content), room.settings, room.storage("raw"))


def test_an_object_not_there_yet_is_worth_a_retry(room: Any, object_version: Any) -> None:
    with pytest.raises(errors.StorageUnavailable):
        route(object_version("a.csv"), room.settings, room.storage("raw"))


def test_without_a_known_extension_the_content_type_decides(
    room: Any, bucket: str, object_version: Any
) -> None:
    store = S3Store(bucket, client_options={"allow_http": True})
    attributes = {"Content-Type": "text/csv; charset=utf-8"}
    obstore.put(store, "export", b"a;b", attributes=attributes)
    version = object_version("export", version_id="null")
    answer = route(version, room.settings, Storage(f"s3://{bucket}"))
    assert answer.format == "csv"
