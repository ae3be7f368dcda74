from __future__ import annotations

import pytest
from pydantic import ValidationError

from ons_platform import config
from ons_platform.config import Settings


def test_defaults_are_those_of_dev_on_aws() -> None:
    settings = Settings.from_env({})
    assert settings.environment == "dev"
    assert settings.storage_url == "s3://{bucket}"
    assert settings.batch_threshold_bytes == 100 * 1024 * 1024


def test_each_field_has_its_variable() -> None:
    settings = Settings.from_env(
        {
            "ONS_RAW_BUCKET": "raw",
            "ONS_BATCH_THRESHOLD_BYTES": "5",
            "ENVIRONMENT": "prod",
            "AWS_REGION": "sa-east-1",
            "UNRELATED": "x",
        }
    )
    assert (settings.raw_bucket, settings.batch_threshold_bytes) == ("raw", 5)
    assert (settings.environment, settings.aws_region) == ("prod", "sa-east-1")


@pytest.mark.parametrize("wrong", ["0", "-1", "many"])
def test_a_limit_is_a_positive_number(wrong: str) -> None:
    with pytest.raises(ValidationError):
        Settings.from_env({"ONS_MAX_OBJECT_BYTES": wrong})


def test_settings_do_not_change_and_show_no_secret() -> None:
    settings = Settings.from_env({"ONS_UPLOAD_SECRET": "very-secret"})
    with pytest.raises(ValidationError):
        settings.raw_bucket = "other"  # type: ignore[misc]
    assert "very-secret" not in repr(settings)


def test_the_process_reads_its_environment_once(monkeypatch: pytest.MonkeyPatch) -> None:
    config.settings.cache_clear()
    monkeypatch.setenv("ONS_RAW_BUCKET", "first")
    assert config.settings().raw_bucket == "first"
    monkeypatch.setenv("ONS_RAW_BUCKET", "second")
    assert config.settings().raw_bucket == "first"
    config.settings.cache_clear()


@pytest.mark.parametrize("url", ["127.0.0.1:8086", "http://", "http://a b", "file:///etc/passwd"])
def test_the_store_s_url_is_one(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings.from_env({"INFLUXDB_URL": url})


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:8086", "https://db.example/influx/"])
def test_the_store_may_be_anywhere_or_nowhere(url: str) -> None:
    assert Settings.from_env({"INFLUXDB_URL": url}).influxdb_url == url
