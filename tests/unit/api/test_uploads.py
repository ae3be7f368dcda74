"""POST /uploads: names, sizes, keys, URLs and unchanged files."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import pytest
from moto import mock_aws

from ons_platform.api.services import Services
from ons_platform.api.uploads import SINGLE_PUT_BYTES
from ons_platform.api.uploadtoken import verify
from ons_platform.lake.ledger import Status

SHA = "ab" * 32


def ask(api, filename: str = "CURVA_CARGA_2023.csv", size: int = 10, **more: object):
    return api.post("/uploads", {"filename": filename, "size": size, **more})


def test_the_url_carries_a_token_for_its_key(api) -> None:
    reply = ask(api)
    assert reply.status == 201
    assert reply.json["key"] == "year=2023/CURVA_CARGA_2023.csv"
    assert reply.json["method"] == "PUT"
    url = urlsplit(reply.json["url"])
    key = unquote(url.path.removeprefix("/raw/"))
    assert key == reply.json["key"]
    now = int(api.services.now().timestamp())
    verify(api.services.settings.upload_secret, key, parse_qs(url.query)["token"][0], now + 3600)


@pytest.mark.parametrize("host", ["192.168.0.7:8765", "ons.example.org", "[::1]:8000"])
def test_the_url_is_at_the_host_the_caller_reached(api, host: str) -> None:
    body = {"filename": "CURVA_CARGA_2023.csv", "size": 10}
    reply = api.post("/uploads", body, Host=host)
    assert urlsplit(reply.json["url"]).netloc == host


@pytest.mark.parametrize("host", ["", "a b", "evil.org/path?", "user@host", "host:99999999"])
def test_a_host_that_is_none_gets_no_url(api, host: str) -> None:
    reply = api.post("/uploads", {"filename": "CURVA_CARGA_2023.csv", "size": 10}, Host=host)
    assert reply.status == 400
    assert [item["field"] for item in reply.json["details"]] == ["Host"]


@pytest.mark.parametrize(
    ("filename", "key"),
    [
        ("GERACAO_USINA-2_2022_01.csv", "year=2022/GERACAO_USINA-2_2022_01.csv"),
        ("SNAP2023-10__CURVA_CARGA_2010.csv", "year=2010/SNAP2023-10__CURVA_CARGA_2010.csv"),
        ("CAPACIDADE_GERACAO.csv", "year=2024/CAPACIDADE_GERACAO.csv"),
        ("carga do mês #1?.csv", "year=2024/carga do mês #1?.csv"),
        ("a..b.csv", "year=2024/a..b.csv"),
        ("no-extension", "year=2024/no-extension"),
    ],
)
def test_keys_are_by_year_and_any_shown_name_is_taken(api, filename: str, key: str) -> None:
    reply = ask(api, filename)
    assert reply.json["key"] == key
    assert unquote(urlsplit(reply.json["url"]).path) == f"/raw/{key}"


@pytest.mark.parametrize(
    "filename",
    [
        *("", "../x.csv", "..", ".", "a/b.csv", "a\\b.csv", "/etc/passwd", "x" * 201),
        *("a\nb.csv", "a\x00.csv", " a.csv", "a.csv ", "a\u202etxt.csv", "a\u2028b.csv"),
    ],
)
def test_names_that_are_paths_or_cannot_be_shown_are_refused(api, filename: str) -> None:
    reply = ask(api, filename)
    assert reply.status == 400
    assert [item["field"] for item in reply.json["details"]] == ["filename"]


def test_an_empty_file_may_come_and_one_over_the_limit_may_not(api) -> None:
    assert ask(api, size=0).status == 201
    reply = ask(api, size=api.services.settings.max_object_bytes + 1)
    assert reply.status == 413
    assert "Split it" in reply.json["detail"]


def test_the_same_bytes_are_not_sent_twice(api) -> None:
    key = "year=2023/CURVA_CARGA_2023.csv"
    done = api.receive(key, Status.COMPLETED, metadata={"checksum": SHA})
    reply = ask(api, sha256=SHA.upper())
    assert reply.status == 200
    assert reply.json["unchanged"] is True
    assert reply.json["object"] == done.as_dict()


@pytest.mark.parametrize("later", [Status.RECEIVED, Status.PROCESSING, Status.COMPLETED])
def test_a_newer_version_makes_them_new_again(api, later: Status) -> None:
    key = "year=2023/CURVA_CARGA_2023.csv"
    api.receive(key, Status.COMPLETED, metadata={"checksum": SHA})
    api.receive(key, later, metadata={"checksum": "cd" * 32})
    assert ask(api, sha256=SHA).status == 201


def test_a_newer_version_that_failed_changed_nothing(api) -> None:
    key = "year=2023/CURVA_CARGA_2023.csv"
    api.receive(key, Status.COMPLETED, metadata={"checksum": f"sha256:{SHA}"})
    api.receive(key, Status.FAILED)
    assert ask(api, sha256=SHA).status == 200


def test_other_files_and_other_bytes_are_new(api) -> None:
    api.receive("year=2023/CURVA_CARGA_2023.csv.bak", Status.COMPLETED, metadata={"checksum": SHA})
    assert ask(api, sha256=SHA).status == 201


@mock_aws
def test_on_s3_the_url_is_presigned(api, monkeypatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="raw")
    settings = api.services.settings.model_copy(
        update={"upload_url": "", "storage_url": "s3://{bucket}", "raw_bucket": "raw"}
    )
    services = Services(
        settings, catalog=api.services.catalog, executions=api.executions, now=api.services.now
    )
    api.services = services
    reply = ask(api)
    assert reply.status == 201
    assert "X-Amz-Signature" in reply.json["url"]
    assert ask(api, size=SINGLE_PUT_BYTES + 1).status == 413
    services.close()
