"""The environment as one model, read once per process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Where the platform's parts live.

    `storage_url` is a template over `{bucket}`: `s3://{bucket}` on AWS,
    `file:///…/buckets/{bucket}` on one machine. `ledger_url` is `dynamodb://TABLE` or
    `sqlite:///ABSOLUTE/PATH`. `catalog_dir` is a folder of further dataset YAMLs, read after the
    shipped ones (one of the same slug replaces the shipped one). Executions are started through
    `state_machine_arn`, or by POST to `executions_url` where there is no Step Functions.
    `upload_url` is a template over `{host}` (as the caller named it), `{key}` and `{token}` for a
    gateway that stores uploads itself, with `upload_secret` signing the token; without it uploads
    go to S3 by presigned URL. What is packed may unpack to `max_expanded_bytes`.

    The time-series store is found as its own client libraries find it, by INFLUXDB_URL,
    INFLUXDB_TOKEN and INFLUXDB_ORG (TSD-10); without a URL there is none. On AWS
    `influxdb_token_secret` names the secret that holds the token instead, a JSON object in which
    it is called `{influxdb_access}_token`. Its circuit opens after `influxdb_breaker_failures`
    failures in a row and is tried again after `influxdb_breaker_seconds`; its health is looked at
    no more often than every `influxdb_check_seconds`; a query may take `influxdb_query_seconds`.
    It is written to in batches of `influxdb_batch_points`; a load that would give a bucket more
    than `influxdb_max_series` is refused.
    `legacy_database` is the Timestream LiveAnalytics database that is moved into it (TSD-19),
    `legacy_endpoint` the URL of its queries where it cannot be asked for: in a private network.
    """

    model_config = ConfigDict(frozen=True)

    environment: str = "dev"
    aws_region: str = "us-east-1"
    raw_bucket: str = "ons-data-platform-raw-dev"
    processed_bucket: str = "ons-data-platform-processed-dev"
    failed_bucket: str = "ons-data-platform-failed-dev"
    storage_url: str = "s3://{bucket}"
    ledger_url: str = "dynamodb://ons-data-platform-ledger-dev"
    state_machine_arn: str = ""
    executions_url: str = ""
    upload_url: str = ""
    upload_secret: str = Field(default="", repr=False)
    catalog_dir: str = ""
    influxdb_url: str = Field(default="", pattern=r"^(https?://[^\s/?#]+(/[^\s?#]*)?)?$")
    influxdb_token: str = Field(default="", repr=False)
    influxdb_token_secret: str = ""
    influxdb_access: Literal["read", "write"] = "read"
    influxdb_org: str = "ons-energy"
    influxdb_breaker_failures: int = Field(default=3, gt=0)
    influxdb_breaker_seconds: float = Field(default=10.0, gt=0)
    influxdb_check_seconds: float = Field(default=5.0, ge=0)
    influxdb_query_seconds: float = Field(default=20.0, gt=0)
    legacy_database: str = "ons_energy_data"
    legacy_endpoint: str = ""
    influxdb_batch_points: int = Field(default=20_000, gt=0)
    influxdb_max_series: int = Field(default=1_000_000, gt=0)
    batch_threshold_bytes: int = Field(default=100 * 1024 * 1024, gt=0)
    max_object_bytes: int = Field(default=8 * 1024**3, gt=0)
    max_expanded_bytes: int = Field(default=8 * 1024**3, gt=0)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Settings:
        """Read each field from `ONS_<FIELD>`; those others know keep their usual names."""
        names = {name: f"ONS_{name.upper()}" for name in cls.model_fields}
        usual = ("environment", "aws_region", "influxdb_url", "influxdb_token", "influxdb_org")
        names |= {name: name.upper() for name in usual}
        return cls.model_validate(
            {field: environ[name] for field, name in names.items() if name in environ}
        )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings.from_env(os.environ)
