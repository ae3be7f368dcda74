from __future__ import annotations

import json
from pathlib import Path

import pytest

from ons_local.template import Throttle, load_template

ROOT = Path(__file__).parents[3]
TEMPLATE = """
Globals:
  Function:
    CodeUri: code
    Environment: {Variables: {ONS_RAW_BUCKET: !Ref Raw, ONS_NOTHING: !Ref AWS::NoValue}}
Resources:
  Raw: {Type: AWS::S3::Bucket, Properties: {BucketName: raw}}
  Api: {Type: AWS::Serverless::Api, Properties: {Auth: {ApiKeyRequired: true}}}
  First:
    Type: AWS::Serverless::Function
    Properties:
      Handler: stub_handlers.echo
      Timeout: 5
      Environment: {Variables: {MORE: !GetAtt Raw.Arn}}
      Events:
        Closed: {Type: Api, Properties: {Path: /closed, Method: post}}
        Open: {Type: Api, Properties: {Path: /open, Method: get, Auth: {ApiKeyRequired: false}}}
        Hourly: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}
  Second: {Type: AWS::Serverless::Function, Properties: {Handler: stub_handlers.says}}
  Plan: {Type: AWS::ApiGateway::UsagePlan, Properties: {Throttle: {RateLimit: 7, BurstLimit: 9}}}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: flow.asl.json
      DefinitionSubstitutions: {FirstArn: !GetAtt First.Arn}
"""


@pytest.fixture
def written(tmp_path):
    (tmp_path / "flow.asl.json").write_text('{"Resource": "${FirstArn}"}')
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return path


def test_functions_take_the_globals(written):
    functions = load_template(written).functions
    first, second = functions["First"], functions["Second"]
    assert (first.handler, first.timeout, first.memory) == ("stub_handlers.echo", 5, 128)
    assert first.code == written.parent / "code"
    assert first.environment == {"ONS_RAW_BUCKET": "raw", "MORE": "arn:aws:s3:::raw"}
    assert second.environment == {"ONS_RAW_BUCKET": "raw"}
    assert second.timeout == 3


def test_routes_and_who_needs_a_key(written):
    routes = load_template(written).routes
    assert [(r.method, r.path, r.function, r.key_required) for r in routes] == [
        ("POST", "/closed", "First", True),
        ("GET", "/open", "First", False),
    ]


def test_the_definition_has_its_substitutions(written):
    definition = json.loads(load_template(written).definition)
    assert definition["Resource"].endswith(":function:First")


def test_the_throttle_is_the_usage_plans(written):
    assert load_template(written).throttle == Throttle(rate=7, burst=9)
    written.write_text(TEMPLATE.replace("Throttle:", "Quota:"))
    assert load_template(written).throttle == Throttle(rate=10_000, burst=5_000)


def test_shared_variables_are_those_every_function_has(written):
    assert load_template(written).environment == {"ONS_RAW_BUCKET": "raw"}


def test_a_template_without_a_state_machine(written):
    text = TEMPLATE.replace("AWS::Serverless::StateMachine", "AWS::SNS::Topic")
    written.write_text(text)
    with pytest.raises(KeyError, match="StateMachine"):
        load_template(written)


def test_the_projects_own_template():
    template = load_template(ROOT / "template.yaml")
    assert all(function.code.is_dir() for function in template.functions.values())
    assert {"ONS_RAW_BUCKET", "ONS_STORAGE_URL", "ONS_LEDGER_URL"} <= template.environment.keys()
    assert "${" not in template.definition
    open_paths = {route.path for route in template.routes if not route.key_required}
    assert open_paths == {"/", "/health", "/ready", "/openapi.json"}
    assert template.throttle == Throttle(rate=1000, burst=2000)
