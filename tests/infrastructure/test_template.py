"""What the template promises: names that resolve, guards on every function, narrow permissions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ons_platform.errors import TransientError
from ons_platform.ingest import route as router

FUNCTION = "AWS::Serverless::Function"
QUEUE = "AWS::SQS::Queue"
STARS = {
    "WatchContainer": "batch:DescribeJobs and batch:TerminateJob take no resource",
    "Logs": "log delivery takes no resource",
    "Login": "ecr:GetAuthorizationToken takes no resource",
    "FindOldStore": "timestream:DescribeEndpoints takes no resource",
}
"""Statements that may name every resource, with the reason."""
MANAGED = {
    "AWSCodeDeployRoleForLambda",
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaVPCAccessExecutionRole",
    "AWSXrayWriteOnlyAccess",
}
WRITES = {
    "RawBucket": {"PlatformApiFunction"},
    "ProcessedBucket": {
        "StructuredDataProcessorFunction",
        "KnowledgeUpdaterFunction",
        "InfluxdbLoaderFunction",
        "TimeseriesMigratorFunction",
        "ExtractorRole",
        "BackfillStateMachine",
    },
    "FailedBucket": {"FailureRecorderFunction", "InfluxdbLoaderFunction"},
}
"""Who may write which zone."""
FARGATE_MEMORY = {2: range(4096, 16384 + 1, 1024), 4: range(8192, 30720 + 1, 1024)}
"""MiB allowed per vCPU count."""


def walk(value: Any) -> Iterator[Any]:
    """Every part of a value, itself first."""
    yield value
    if isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from walk(child)


def references(value: Any) -> Iterator[str]:
    """Logical ids and parameters a value names."""
    for part in walk(value):
        if isinstance(part, dict) and len(part) == 1:
            [(function, argument)] = part.items()
            if function == "Ref":
                yield argument.split(".")[0]
            elif function == "Fn::GetAtt":
                yield argument[0] if isinstance(argument, list) else argument.split(".")[0]
            elif function == "Fn::Sub" and isinstance(argument, str):
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([^}]+)\}", argument))


def statements(expanded: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Role and statement of every inline policy."""
    for name, role in expanded.of_type("AWS::IAM::Role").items():
        for policy in role.get("Policies", []):
            listed = policy["PolicyDocument"]["Statement"]
            for statement in listed if isinstance(listed, list) else [listed]:
                yield name, statement


def actions(statement: dict[str, Any]) -> list[str]:
    given = statement["Action"]
    return given if isinstance(given, list) else [given]


def test_every_reference_of_every_template_resolves(
    template: Any, expanded: Any, stacks: Any
) -> None:
    for stack in [expanded, *stacks.values()]:
        known = {*stack.resources, *stack.document.get("Parameters", {})}
        named = {name for name in references(stack.document) if not name.startswith(("AWS::", "!"))}
        assert named <= known


def test_nested_stacks_get_exactly_their_parameters(template: Any, stacks: Any) -> None:
    for properties in template.of_type("AWS::Serverless::Application").values():
        stack = stacks[Path(properties["Location"]).name]
        assert set(properties["Parameters"]) == set(stack.document["Parameters"])


def test_outputs_taken_from_nested_stacks_exist(template: Any, stacks: Any) -> None:
    nested = template.of_type("AWS::Serverless::Application")
    for part in walk(template.document):
        taken = part.get("Fn::GetAtt") if isinstance(part, dict) else None
        if taken and taken[0] in nested:
            outputs = stacks[Path(nested[taken[0]]["Location"]).name].document["Outputs"]
            assert taken[1].removeprefix("Outputs.") in outputs


def test_functions_are_built_for_the_runtime_they_run_on(template: Any, root: Path) -> None:
    settings = template.document["Globals"]["Function"]
    assert settings["Runtime"] == "python3.13"
    assert settings["Tracing"] == "Active"
    for name, properties in template.of_type(FUNCTION).items():
        code = root / properties["CodeUri"]
        module = properties["Handler"].rpartition(".")[0]
        assert (code / f"{module.replace('.', '/')}.py").is_file()
        assert f"build-{name}:" in (code / "Makefile").read_text()
        assert "--python-version 3.13" in (code / "Makefile").read_text()
        assert (code / "requirements.txt").is_file()
        assert template.resources[name]["Metadata"]["BuildMethod"] == "makefile"


def test_who_reaches_the_store_is_inside_the_network_with_the_least_token(expanded: Any) -> None:
    readers, writers = set(), set()
    for name, function in expanded.of_type("AWS::Lambda::Function").items():
        known = function["Environment"]["Variables"]
        assert ("INFLUXDB_URL" in known) == ("VpcConfig" in function)
        secret = str(known.get("ONS_INFLUXDB_TOKEN_SECRET", ""))
        if "ReadTokenSecret" in secret:
            readers.add(name)
        if "WriteTokenSecret" in secret:
            writers.add(name)
    assert readers == {"TimeseriesQueryProcessorFunction", "PlatformApiFunction"}
    assert "InfluxdbLoaderFunction" in writers


def test_the_store_is_private_and_sized_by_environment(stacks: Any) -> None:
    stack = stacks["timeseries_store.yaml"]
    [instance] = stack.of_type("AWS::Timestream::InfluxDBInstance").values()
    assert instance["PubliclyAccessible"] is False
    assert instance["MaintenanceSchedule"]["PreferredMaintenanceWindow"] == "Sun:04:00-Sun:05:00"
    sizes = stack.document["Mappings"]["PerEnvironment"]
    assert (sizes["dev"]["Instance"], sizes["dev"]["Gigabytes"]) == ("db.influx.medium", 20)
    assert (sizes["prod"]["Instance"], sizes["prod"]["Gigabytes"]) == ("db.influx.large", 100)
    [rule] = stack.resources["StoreSecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert (rule["FromPort"], rule["ToPort"], rule["CidrIp"]) == (8086, 8086, {"Ref": "VpcCidr"})


def test_processor_has_the_size_asked_for(template: Any) -> None:
    processor = template.of_type(FUNCTION)["StructuredDataProcessorFunction"]
    assert (processor["MemorySize"], processor["Timeout"]) == (3008, 900)


def test_a_change_of_the_layer_alone_shifts_traffic(template: Any) -> None:
    [layer] = template.of_type("AWS::Serverless::LayerVersion").values()
    assert layer["PublishLambdaVersion"] is True
    assert template.document["Globals"]["Function"]["AutoPublishAlias"] == "live"
    for properties in template.of_type(FUNCTION).values():
        assert properties["AutoPublishAliasAllProperties"] is True


def test_every_function_shifts_traffic_under_its_own_alarms(template: Any, stacks: Any) -> None:
    guards = template.of_type("AWS::Serverless::Application")
    for name, properties in template.of_type(FUNCTION).items():
        guard = name.removesuffix("Function") + "Guard"
        preference = properties["DeploymentPreference"]
        alarms = {tuple(alarm["Fn::GetAtt"]) for alarm in preference["Alarms"]}
        assert alarms == {(guard, "Outputs.ErrorsAlarm"), (guard, "Outputs.LatencyAlarm")}
        assert guards[guard]["Parameters"]["FunctionName"] == properties["FunctionName"]
        assert "Canary" in json.dumps(preference["Type"])
    watched = stacks["function_guard.yaml"].of_type("AWS::CloudWatch::Alarm")
    assert {alarm["MetricName"] for alarm in watched.values()} == {"Errors", "Duration"}
    for alarm in watched.values():
        assert {"Name": "Resource", "Value": {"Fn::Sub": "${FunctionName}:live"}} in alarm[
            "Dimensions"
        ]


def test_codedeploy_rolls_back_on_alarm(expanded: Any, template: Any) -> None:
    groups = expanded.of_type("AWS::CodeDeploy::DeploymentGroup")
    assert len(groups) == len(template.of_type(FUNCTION))
    for group in groups.values():
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]


def test_logs_do_not_stay_for_ever(template: Any, stacks: Any) -> None:
    groups = [
        group
        for stack in [template, *stacks.values()]
        for group in stack.of_type("AWS::Logs::LogGroup").values()
    ]
    assert len(groups) == 4
    assert all("RetentionInDays" in group for group in groups)


def test_no_statement_allows_every_action(expanded: Any) -> None:
    for _, statement in statements(expanded):
        for action in actions(statement):
            assert "*" not in action, statement


def test_every_resource_is_named_unless_the_action_takes_none(expanded: Any) -> None:
    used = set()
    for role, statement in statements(expanded):
        resources = statement["Resource"]
        if "*" in (resources if isinstance(resources, list) else [resources]):
            assert statement.get("Sid") in STARS, (role, statement)
            used.add(statement["Sid"])
    assert used == set(STARS)


def test_managed_policies_are_the_runtimes_own(expanded: Any) -> None:
    for role in expanded.of_type("AWS::IAM::Role").values():
        names = {arn.rpartition("/")[2] for arn in role.get("ManagedPolicyArns", [])}
        assert names <= MANAGED


def test_every_function_has_a_policy_of_its_own(expanded: Any, template: Any) -> None:
    roles = {role for role, _ in statements(expanded)}
    assert {f"{name}Role" for name in template.of_type(FUNCTION)} <= roles


@pytest.mark.parametrize("bucket", WRITES)
def test_only_those_who_must_write_a_zone(expanded: Any, bucket: str) -> None:
    writers = {
        role if role == "ExtractorRole" else role.removesuffix("Role")
        for role, statement in statements(expanded)
        if bucket in references(statement["Resource"])
        and any(re.match("s3:(Put|Delete)", action) for action in actions(statement))
    }
    assert writers == WRITES[bucket]


def test_a_backfill_writes_its_results_and_nothing_else(expanded: Any) -> None:
    resources = [
        statement["Resource"]
        for role, statement in statements(expanded)
        if role == "BackfillStateMachineRole" and "s3:PutObject" in actions(statement)
    ]
    assert resources == [{"Fn::Sub": "${ProcessedBucket.Arn}/_backfills/*"}]


def test_a_backfill_may_start_ingestion_and_its_own_children_only(expanded: Any) -> None:
    granted = {
        statement["Sid"]: (actions(statement), json.dumps(statement["Resource"]))
        for role, statement in statements(expanded)
        if role == "BackfillStateMachineRole"
    }
    started = [sid for sid, (names, _) in granted.items() if "states:StartExecution" in names]
    assert started == ["StartChildren"]
    assert "IngestionStateMachine" in granted["StartChildren"][1]
    assert "${NamePrefix}-backfill-${Environment}" in granted["StartChildren"][1]
    assert not any("dynamodb" in name for names, _ in granted.values() for name in names)


def test_nobody_may_delete_a_raw_object(expanded: Any) -> None:
    for role, statement in statements(expanded):
        if "RawBucket" in references(statement["Resource"]):
            assert not any("Delete" in action for action in actions(statement)), role


def test_every_queue_has_dead_letters(template: Any) -> None:
    queues = template.of_type(QUEUE)
    dead = {
        name
        for part in walk(template.document)
        if isinstance(part, dict)
        for key in ("RedrivePolicy", "DeadLetterConfig", "OnFailure")
        if key in part
        for name in references(part[key])
    }
    for name, properties in queues.items():
        assert ("RedrivePolicy" in properties) != (name in dead), name
    assert dead < set(queues)


def test_asynchronous_failures_are_kept(expanded: Any, template: Any) -> None:
    kept = expanded.of_type("AWS::Lambda::EventInvokeConfig")
    assert len(kept) == len(template.of_type(FUNCTION))
    for config in kept.values():
        assert config["DestinationConfig"]["OnFailure"]["Destination"]


def test_queues_and_functions_that_fail_raise_an_alarm(template: Any, stacks: Any) -> None:
    monitoring = template.of_type("AWS::Serverless::Application")["Monitoring"]["Parameters"]
    watched = set(references(monitoring))
    assert set(template.of_type(QUEUE)) <= watched
    alarms = stacks["monitoring.yaml"].of_type("AWS::CloudWatch::Alarm")
    used = set(references(alarms))
    assert set(stacks["monitoring.yaml"].document["Parameters"]) <= used
    assert alarms["ProcessingFailureRate"]["Threshold"] == 5  # percent, OBS-1
    assert alarms["ApiLatency"]["Threshold"] == 10_000  # milliseconds, OBS-2


def test_objects_start_the_state_machine_and_lost_events_are_kept(expanded: Any) -> None:
    rules = expanded.of_type("AWS::Events::Rule").values()
    [rule] = [rule for rule in rules if "EventPattern" in rule]
    assert rule["EventPattern"]["source"] == ["aws.s3"]
    assert rule["EventPattern"]["detail-type"] == ["Object Created"]
    [target] = rule["Targets"]
    assert target["Arn"] == {"Ref": "IngestionStateMachine"}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["EventDeadLetters", "Arn"]}
    assert "Input" not in target
    assert "InputTransformer" not in target


def test_what_is_pending_for_the_store_is_loaded_every_five_minutes(expanded: Any) -> None:
    rules = expanded.of_type("AWS::Events::Rule").values()
    [rule] = [rule for rule in rules if "ScheduleExpression" in rule]
    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    [target] = rule["Targets"]
    assert json.loads(target["Input"]) == {"catch_up": True}
    assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": ["EventDeadLetters", "Arn"]}


def test_zones_are_private_encrypted_versioned_and_speak_tls(template: Any) -> None:
    buckets = template.of_type("AWS::S3::Bucket")
    assert set(buckets) == {"RawBucket", "ProcessedBucket", "FailedBucket"}
    policies = template.of_type("AWS::S3::BucketPolicy")
    for name, bucket in buckets.items():
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4
        assert bucket["BucketEncryption"]
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert template.resources[name]["DeletionPolicy"] == "Retain"
        [statement] = policies[f"{name}Policy"]["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    for name in ("RawBucket", "ProcessedBucket"):
        events = buckets[name]["NotificationConfiguration"]["EventBridgeConfiguration"]
        assert events == {"EventBridgeEnabled": True}


def test_only_the_processed_zone_moves_to_colder_storage(template: Any) -> None:
    buckets = template.of_type("AWS::S3::Bucket")
    moves = {
        name: [
            (move["TransitionInDays"], move["StorageClass"])
            for rule in bucket["LifecycleConfiguration"]["Rules"]
            for move in rule.get("Transitions", [])
        ]
        for name, bucket in buckets.items()
    }
    assert moves == {
        "RawBucket": [],
        "ProcessedBucket": [(30, "STANDARD_IA"), (365, "GLACIER_IR")],
        "FailedBucket": [],
    }
    assert "Expiration" not in json.dumps(buckets["RawBucket"])


def test_ledger_can_be_restored_and_costs_nothing_idle(template: Any) -> None:
    [table] = template.of_type("AWS::DynamoDB::Table").values()
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_everything_taggable_is_tagged(expanded: Any) -> None:
    wanted = {"Project", "Environment", "ManagedBy", "CostCenter"}
    for name, resource in expanded.resources.items():
        tags = resource.get("Properties", {}).get("Tags")
        if tags is not None:
            keys = set(tags) if isinstance(tags, dict) else {tag["Key"] for tag in tags}
            assert wanted <= keys, name


def routes(template: Any) -> dict[tuple[str, str], bool]:
    """Method and path -> whether a key is required."""
    api = template.of_type("AWS::Serverless::Api")["PlatformApi"]
    by_default = api["Auth"]["ApiKeyRequired"]
    return {
        (event["Properties"]["Method"], event["Properties"]["Path"]): event["Properties"]
        .get("Auth", {})
        .get("ApiKeyRequired", by_default)
        for function in template.of_type(FUNCTION).values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "Api"
    }


def documented(root: Path) -> dict[tuple[str, str], bool]:
    """The same of the OpenAPI document; `{key}` stands for API Gateway's `{key+}`."""
    path = root / "layers/ons_platform/src/ons_platform/api/openapi.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    by_default = bool(document.get("security"))
    return {
        (method.upper(), path): bool(operation.get("security", by_default))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in {"get", "post", "put", "delete"}
    }


def test_routes_are_those_of_the_openapi_document(template: Any, root: Path) -> None:
    declared = {
        (method, path.replace("+}", "}")): key for (method, path), key in routes(template).items()
    }
    assert declared == documented(root)


def test_usage_plan_throttles(expanded: Any) -> None:
    [plan] = expanded.of_type("AWS::ApiGateway::UsagePlan").values()
    assert plan["Throttle"] == {"RateLimit": 1000, "BurstLimit": 2000}  # QRY-17
    [stage] = expanded.of_type("AWS::ApiGateway::Stage").values()
    [settings] = stage["MethodSettings"]
    assert settings["ThrottlingRateLimit"] == 1000
    assert settings["ThrottlingBurstLimit"] == 2000


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("INVALID_API_KEY", 401),
        ("UNAUTHORIZED", 401),
        ("MISSING_AUTHENTICATION_TOKEN", 404),
        ("REQUEST_TOO_LARGE", 413),
        ("THROTTLED", 429),
        ("QUOTA_EXCEEDED", 429),
        ("INTEGRATION_FAILURE", 503),
        ("INTEGRATION_TIMEOUT", 503),
        ("DEFAULT_5XX", 500),
    ],
)
def test_the_gateway_refuses_as_the_functions_do(template: Any, kind: str, status: int) -> None:
    api = template.of_type("AWS::Serverless::Api")["PlatformApi"]
    answer = api["GatewayResponses"][kind]
    body = json.loads(answer["ResponseTemplates"]["application/json"])
    headers = answer["ResponseParameters"]["Headers"]
    assert answer["StatusCode"] == str(status)
    assert body["status"] == status
    assert {"type", "title", "detail"} <= set(body)
    assert headers["Content-Type"] == "'application/problem+json'"
    assert (status in {429, 503}) == ("Retry-After" in headers)


def test_jobs_retry_what_is_transient_and_only_that(template: Any) -> None:
    [job] = template.of_type("AWS::Batch::JobDefinition").values()
    *retried, last = job["RetryStrategy"]["EvaluateOnExit"]
    assert last == {"Action": "EXIT", "OnReason": "*"}
    assert {"Action": "RETRY", "OnExitCode": str(TransientError.exit_code)} in retried
    assert job["RetryStrategy"]["Attempts"] == 3
    [compute] = template.of_type("AWS::Batch::ComputeEnvironment").values()
    assert compute["ComputeResources"]["Type"] == "FARGATE_SPOT"


def test_jobs_are_of_sizes_fargate_has(template: Any, ingestion_machine: Any) -> None:
    [job] = template.of_type("AWS::Batch::JobDefinition").values()
    default = {
        item["Type"]: int(item["Value"])
        for item in job["ContainerProperties"]["ResourceRequirements"]
    }
    assert default["MEMORY"] in FARGATE_MEMORY[default["VCPU"]]
    for size in (router._SMALL_JOB, router._LARGE_JOB):
        assert size["memory"] in FARGATE_MEMORY[size["vcpu"]]
    more = ingestion_machine["States"]["TakeMoreMemory"]["Result"]
    assert more in FARGATE_MEMORY[router._SMALL_JOB["vcpu"]]
    most = ingestion_machine["States"]["TakeMostMemory"]["Parameters"]
    assert most["memory"] in FARGATE_MEMORY[most["vcpu"]]
    assert {name.removesuffix(".$") for name in most} == {"dataset", "format", "vcpu", "memory"}


def test_workers_have_no_way_in_and_no_public_address(template: Any, stacks: Any) -> None:
    [job] = template.of_type("AWS::Batch::JobDefinition").values()
    assert job["ContainerProperties"]["NetworkConfiguration"] == {"AssignPublicIp": "DISABLED"}
    network = stacks["network.yaml"]
    assert not network.of_type("AWS::EC2::InternetGateway")
    groups = network.of_type("AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in groups["WorkerSecurityGroup"]
    for subnet in network.of_type("AWS::EC2::Subnet").values():
        assert subnet["MapPublicIpOnLaunch"] is False
