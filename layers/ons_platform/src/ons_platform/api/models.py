"""Request bodies as they may be sent; what does not fit is told field by field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.functional_validators import BeforeValidator

from ons_platform.errors import InvalidRequest

BRASILIA = ZoneInfo("America/Sao_Paulo")
_YEARS = range(1990, 2101)


class Body(BaseModel):
    """Base of the request bodies: no unknown fields, no silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _instant(value: Any) -> datetime | None:
    """ISO 8601; without an offset it is Brasília civil time, as ONS writes its files."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("must be an ISO 8601 text such as 2023-05-01T12:00:00-03:00")
    try:
        instant = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("must be ISO 8601, such as 2023-05-01T12:00:00-03:00") from None
    if instant.year not in _YEARS:
        raise ValueError(f"must be between the years {_YEARS.start} and {_YEARS.stop - 1}")
    return instant if instant.tzinfo else instant.replace(tzinfo=BRASILIA)


Question = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]
Instant = Annotated[datetime | None, BeforeValidator(_instant)]
RequiredInstant = Annotated[datetime, BeforeValidator(_instant)]


class QueryBody(Body):
    """POST /query: a question in words.

    `as_of` is the instant "today" and "now" refer to (default: now). `max_points` bounds
    `time_series_data`. `include_chart` asks for an SVG chart where one says more.
    """

    question: Question
    language: Literal["pt", "en"] | None = None
    as_of: Instant = None
    max_points: int = Field(default=1000, ge=1, le=10_000)
    include_chart: bool = False


class TemplateParameters(Body):
    """What a template is filled with: [start_time, stop_time), of one subsystem or of all."""

    start_time: RequiredInstant
    stop_time: RequiredInstant
    region: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None


class RawQueryBody(Body):
    """POST /query/flux: a read-only query in a query language; `max_rows` bounds the result.

    Instead of a query a `template` with its `parameters` may be named (QRY-6). `bucket` (or
    `database`) is what InfluxQL's names without a database belong to; by default, and for
    `energy_data`, the measurement decides. Flux and SQL name theirs in the query.
    """

    query: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
        | None
    ) = None
    template: str | None = None
    parameters: TemplateParameters | None = None
    language: Literal["flux", "influxql", "sql"] = "flux"
    format: Literal["json", "csv"] = "json"
    max_rows: int = Field(default=1000, ge=1, le=10_000)
    bucket: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        default=None, validation_alias=AliasChoices("bucket", "database")
    )

    @model_validator(mode="after")
    def _one_of(self) -> RawQueryBody:
        if (self.query is None) == (self.template is None):
            raise ValueError("send either a query, or a template with its parameters")
        if (self.template is None) != (self.parameters is None):
            raise ValueError("template and parameters go together")
        if self.template is not None and self.language != "flux":
            raise ValueError("templates are written in flux")
        return self

    @model_validator(mode="after")
    def _bucket_is_for_influxql(self) -> RawQueryBody:
        if self.bucket is not None and self.language != "influxql":
            raise ValueError(f"bucket goes with influxql; {self.language} names it in the query")
        return self


class UploadBody(Body):
    """POST /uploads: where to PUT a file of `size` bytes; `sha256` (hex) finds an unchanged one."""

    filename: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    size: int = Field(ge=0)
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")] | None = None


class ReplayBody(Body):
    """POST /replay: one object (its newest version, or `version_id`), or every failed one."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None
    version_id: str | None = None
    failed: bool = False

    @model_validator(mode="after")
    def _one_of(self) -> ReplayBody:
        if (self.key is None) == (not self.failed):
            raise ValueError('send either {"key": "…"} or {"failed": true}')
        if self.failed and self.version_id is not None:
            raise ValueError("version_id goes with key")
        return self


Model = TypeVar("Model", bound=Body)


def parse(model: type[Model], value: Mapping[str, Any]) -> Model:
    """`value` as `model`; raises `InvalidRequest` with one entry of `details` per field."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        details = [
            {
                "field": ".".join(str(part) for part in item["loc"]) or "body",
                "message": item["msg"].removeprefix("Value error, "),
            }
            for item in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        fields = ", ".join(sorted({detail["field"] for detail in details}))
        raise InvalidRequest(f"The request does not fit: {fields}.", details=details) from error
