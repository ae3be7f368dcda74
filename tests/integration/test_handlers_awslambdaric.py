"""Every handler with its real events, run by AWS's own runtime client as on Lambda.

The processes see only the packages Lambda will give them: those of the layer, of the function's
own requirements, and of the runtime. Anything else of this environment cannot be imported there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import boto3
import pytest
from samcli.yamlhelper import yaml_parse

from ons_local.child import Spawner
from ons_local.functions import FunctionPool, Result
from ons_local.template import FunctionSpec, load_template
from ons_platform.lake.ledger import Status
from ons_platform.lake.ledgers import open_ledger
from ons_platform.storage import Storage

ROOT = Path(__file__).parents[2]
EVENTS = ROOT / "events"
VERSION = "3HL4kqtJlcpXroDTDmJrmSpXd3dIbrHY"
"""The version id in the event files; each test run has its own."""
TABLE = "ons-data-platform-ledger-dev"
KEY = "year=2023/CARGA_ENERGIA_2023.csv"
BROKEN = "year=2023/CARGA_ENERGIA_2022.csv"
SEEDS = {
    KEY: (ROOT / "samples/CARGA_ENERGIA_2023.csv").read_bytes(),
    BROKEN: b"this;is\nnot;a load table\n",
    "documents/1/relatorio.pdf": b"%PDF-1.4\n%a document, in short",
    "year=2023/programa.exe": b"MZ, as programs of old began...",
}
ORDER = [
    "backfill_checker",
    "lambda_router",
    "structured_data_processor",
    "influxdb_bootstrap",
    "influxdb_loader",
    "timeseries_migrator",
    "knowledge_updater",
    "failure_recorder",
    "timeseries_query_processor",
    "platform_api",
]
RUNTIME = {
    "awslambdaric",
    "boto3",
    "botocore",
    "jmespath",
    "python-dateutil",
    "s3transfer",
    "simplejson",
    "six",
    "snapshot-restore-py",
    "urllib3",
}
"""What the python3.13 runtime brings."""
TEST_TOOLS = {"coverage", "pytest-cov", "ons-platform", "ons-data-platform", "setuptools"}
BLOCKER = """
import importlib.abc, os, pathlib, sys

pathlib.Path(__file__).with_name("loaded").touch()

class Absent(importlib.abc.MetaPathFinder):
    names = frozenset(os.environ["TEST_ABSENT"].split(","))

    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r} on Lambda", name=name)

sys.meta_path.insert(0, Absent())
"""


def pinned(path: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9_.-]+)==", path.read_text(), re.MULTILINE))


def absent(spec: FunctionSpec) -> str:
    """Import names this environment has and Lambda will not."""
    package = spec.handler.partition(".")[0]
    given = pinned(ROOT / "layers/ons_platform/requirements.txt")
    given |= pinned(ROOT / f"functions/{package}/requirements.txt") | RUNTIME | TEST_TOOLS
    return ",".join(
        name
        for name, distributions in packages_distributions().items()
        if not any(re.sub(r"[._]", "-", item.lower()) in given for item in distributions)
    )


@dataclass(frozen=True)
class Place:
    """Where zones and ledger are, and the version id of each raw object there."""

    storage_url: str
    ledger_url: str
    log: Path
    versions: Mapping[str, str]

    def zone(self, name: str) -> Storage:
        """The storage of a zone."""
        return Storage(self.storage_url.replace("{bucket}", f"ons-data-platform-{name}-dev"))


@pytest.fixture(scope="module", params=["file", "s3"])
def stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, aws: str
) -> Place:
    """Raw objects on this machine's disk, and on S3 with the ledger in DynamoDB."""
    data = tmp_path_factory.mktemp(request.param)
    if request.param == "s3":
        make_stores()
        place = Place("s3://{bucket}", f"dynamodb://{TABLE}", data / "log.txt", {})
    else:
        ledger_url = f"sqlite://{data}/ledger.sqlite"
        place = Place(f"file://{data}/{{bucket}}", ledger_url, data / "log.txt", {})
    raw = place.zone("raw")
    return replace(
        place, versions={key: raw.put_version(key, content) for key, content in SEEDS.items()}
    )


def make_stores() -> None:
    """The buckets and the table, in the shapes the template gives them."""
    s3 = boto3.client("s3")
    for zone in ("raw", "processed", "failed"):
        bucket = f"ons-data-platform-{zone}-dev"
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.close()
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    table = json.loads(json.dumps(resources["Ledger"]["Properties"]))
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        **{name: table[name] for name in ("BillingMode", "AttributeDefinitions", "KeySchema")},
    )
    dynamodb.close()


@pytest.fixture(scope="module")
def state_machine(aws: str) -> str:
    client = boto3.client("stepfunctions")
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    created = client.create_state_machine(
        name="ingestion",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/ingestion",
    )
    client.close()
    return str(created["stateMachineArn"])


@pytest.fixture(scope="module")
def functions(
    stored: Place,
    state_machine: str,
    aws: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[FunctionPool]:
    blocker = tmp_path_factory.mktemp("blocker")
    (blocker / "sitecustomize.py").write_text(BLOCKER)
    specs = {
        name: replace(spec, environment={**spec.environment, "TEST_ABSENT": absent(spec)})
        for name, spec in load_template(ROOT / "template.yaml").functions.items()
    }
    overrides = {
        "ONS_STORAGE_URL": stored.storage_url,
        "ONS_LEDGER_URL": stored.ledger_url,
        "ONS_STATE_MACHINE_ARN": state_machine,
        "INFLUXDB_URL": "",
        "ONS_INFLUXDB_TOKEN_SECRET": "",
        "AWS_ENDPOINT_URL": aws,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(blocker))
        pool = FunctionPool(specs, Spawner(stored.log), overrides, slots=1)
        yield pool
        pool.close()
    assert (blocker / "loaded").exists()


@pytest.fixture(scope="module")
def answers(functions: FunctionPool, stored: Place) -> dict[str, tuple[bool, Any]]:
    """Each event file's outcome: whether the invocation failed, and its JSON."""
    events = sorted(EVENTS.glob("*.json"), key=lambda path: _turn(path.stem))
    outcomes = {}
    for path in events:
        text = path.read_text(encoding="utf-8")
        for key, version in stored.versions.items():
            if f'"{key}"' in text:
                text = text.replace(VERSION, version)
        package = path.stem.partition("-")[0]
        result = functions.invoke(_logical_id(package), text.encode(), wait=60)
        outcomes[path.stem] = (result.failed, _json(result, stored.log))
    return outcomes


def _turn(name: str) -> tuple[int, bool, str]:
    package, _, case = name.partition("-")
    return ORDER.index(package), case != "table", name


def _logical_id(package: str) -> str:
    return "".join(part.capitalize() for part in package.split("_")) + "Function"


def _json(result: Result, log: Path) -> Any:
    try:
        return json.loads(result.payload)
    except ValueError:
        pytest.fail(log.read_text()[-2000:])


Answered = Callable[[str], Any]


@pytest.fixture
def answered(answers: dict[str, tuple[bool, Any]]) -> Answered:
    def get(name: str) -> Any:
        failed, value = answers[name]
        assert not failed, value
        return value

    return get


@pytest.fixture
def refused(answers: dict[str, tuple[bool, Any]]) -> Answered:
    def get(name: str) -> Any:
        failed, value = answers[name]
        assert failed, value
        return value["errorType"]

    return get


def test_backfill_starts_what_nobody_announced(answered: Answered, stored: Place) -> None:
    step = answered("backfill_checker-object")
    assert (step["action"], step["key"]) == ("start", KEY)
    on_s3 = stored.storage_url.startswith("s3://")
    version = stored.versions[KEY] if on_s3 else "null"
    assert step["event"]["detail"]["object"]["version-id"] == version


def test_router_sends_a_table_to_the_function(answered: Answered) -> None:
    route = answered("lambda_router-table")
    assert route["processingType"] == "lambda"
    assert route["processorConfig"]["dataset"] == "carga-energia"
    assert route["outputLocation"] == "s3://ons-data-platform-processed-dev/"
    assert route["object"]["key"] == KEY


def test_router_sends_a_document_to_the_container(answered: Answered) -> None:
    route = answered("lambda_router-document")
    assert (route["processingType"], route["processorConfig"]["format"]) == ("batch", "pdf")


def test_router_refuses_an_unknown_kind(refused: Answered) -> None:
    assert refused("lambda_router-unknown_kind") == "UnsupportedFile"


def test_processor_writes_the_table(answered: Answered) -> None:
    outcome = answered("structured_data_processor-table")
    assert outcome["status"] == "processed"
    assert outcome["dataset"] == "carga-energia"
    assert outcome["rows_read"] == outcome["rows_written"] == 4 * 365
    assert len(outcome["partitions"]) == 12


def test_processor_refuses_a_broken_table(refused: Answered) -> None:
    assert refused("structured_data_processor-broken_table") in {"MalformedFile", "UnknownDataset"}


def test_loader_says_that_there_is_no_store(answered: Answered) -> None:
    assert answered("influxdb_loader-table")["loaded"] is False
    assert answered("influxdb_loader-catch_up")["loaded"] is False


def test_knowledge_updater_describes_the_dataset(answered: Answered) -> None:
    known = answered("knowledge_updater-table")
    assert (known["dataset"], known["rows"]) == ("carga-energia", 4 * 365)
    assert known["data_version"]


def test_ledger_follows_the_object_to_its_end(answers: object, stored: Place) -> None:
    with closing(open_ledger(stored.ledger_url)) as ledger:
        failed = ledger.get(BROKEN, stored.versions[BROKEN])
        again = ledger.get(KEY, stored.versions[KEY])
    assert failed is not None
    assert failed.status is Status.FAILED
    assert again is not None
    assert again.status is Status.RECEIVED  # the last event replayed it
    assert again.rows_written == 4 * 365


@pytest.mark.parametrize(
    ("event", "key", "error"),
    [
        ("failure_recorder-processor_failed", BROKEN, "MalformedFile"),
        ("failure_recorder-router_failed", "year=2023/programa.exe", "UnsupportedFile"),
    ],
)
def test_failure_recorder_keeps_the_object_and_the_reason(
    answered: Answered, stored: Place, event: str, key: str, error: str
) -> None:
    message = answered(event)
    assert message["error"]["Error"] == error
    assert message["object"]["key"] == key
    kept = f"{key}/{stored.versions[key]}/reason.json"
    reason = json.loads(stored.zone("failed").get_bytes(kept))
    assert reason["object"] == message["object"]
    assert reason["reason"]["message"]


def test_a_question_is_answered_from_the_lake(answered: Answered) -> None:
    response = answered("timeseries_query_processor-query")
    body = json.loads(response["body"])
    assert response["statusCode"] == 200, response["body"]
    assert body["status"] == "answered"
    assert body["unit"] == "MWmed"
    assert 30_000 < body["value"] < 50_000
    assert body["sources"]


def test_a_question_in_english_gets_a_chart(answered: Answered) -> None:
    body = json.loads(answered("timeseries_query_processor-query_english")["body"])
    assert body["status"] == "answered"
    assert body["language"] == "en"
    assert "<svg" in body["chart"]


def test_raw_sql_is_answered(answered: Answered) -> None:
    response = answered("timeseries_query_processor-query_sql")
    body = json.loads(response["body"])
    assert response["statusCode"] == 200, response["body"]
    assert body["row_count"] == 4


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("timeseries_query_processor-query_invalid", 400),
        ("timeseries_query_processor-query_sql_unsafe", 400),
        ("timeseries_query_processor-query_flux", 503),
        ("timeseries_query_processor-query_template", 503),
        ("timeseries_query_processor-query_influxql", 503),
        ("platform_api-home", 200),
        ("platform_api-health", 200),
        ("platform_api-ready", 200),
        ("platform_api-openapi", 200),
        ("platform_api-metrics", 200),
        ("platform_api-catalog", 200),
        ("platform_api-catalog_dataset", 200),
        ("platform_api-catalog_unknown", 404),
        ("platform_api-uploads", 201),
        ("platform_api-objects", 200),
        ("platform_api-object", 200),
        ("platform_api-quality_of_all", 200),
        ("platform_api-quality", 200),
        ("platform_api-revisions", 404),
        ("platform_api-replay", 202),
    ],
)
def test_every_route_answers(answered: Answered, event: str, status: int) -> None:
    response = answered(event)
    assert response["statusCode"] == status, response["body"]
    kind = response["headers"]["Content-Type"]
    assert (status >= 400) == kind.startswith("application/problem+json")


def test_without_a_store_there_is_nothing_to_set_up(refused: Answered) -> None:
    assert refused("influxdb_bootstrap-by_hand") == "InvalidRequest"


MIGRATION_STEPS = [
    "timeseries_migrator-plan",
    "timeseries_migrator-run",
    "timeseries_migrator-verify",
    "timeseries_migrator-sync",
    "timeseries_migrator-report",
    "timeseries_migrator-decommission",
    "timeseries_migrator-rollback",
]


@pytest.mark.parametrize("event", MIGRATION_STEPS)
def test_migrator_needs_the_new_store(refused: Answered, event: str) -> None:
    """With the store it is the old one that is asked: tests/integration/test_migration.py."""
    assert refused(event) == "StoreUnavailable"


def test_every_event_file_has_been_run_and_expected(answers: dict[str, Any]) -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert {name for name in answers if f'"{name}"' not in source} == set()
