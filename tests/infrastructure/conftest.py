"""The template, as written and as SAM expands it, and the ingestion state machine."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from samcli.yamlhelper import yaml_parse
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = Path(__file__).parents[2]
LOCAL_SOURCES = {
    "AWS::Serverless::Function": "CodeUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
    "AWS::Serverless::Application": "Location",
}


class Stack:
    """A template's resources with a few ways to find them."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.resources: dict[str, Any] = document["Resources"]

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Logical id -> properties of the resources of one type."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }


def read_template(path: Path) -> Stack:
    """A template with its short forms written out."""
    return Stack(json.loads(json.dumps(yaml_parse(path.read_text(encoding="utf-8")))))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def template() -> Stack:
    return read_template(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def stacks() -> dict[str, Stack]:
    return {path.name: read_template(path) for path in sorted((ROOT / "stacks").glob("*.yaml"))}


@pytest.fixture(scope="session")
def expanded(template: Stack) -> Stack:
    """What CloudFormation gets: the SAM transform, run by AWS's own translator."""
    document = copy.deepcopy(template.document)
    for resource in document["Resources"].values():
        place = LOCAL_SOURCES.get(resource["Type"])
        if place:
            resource["Properties"][place] = f"s3://artifacts/{resource['Properties'][place]}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        return Stack(Translator({}, Parser()).translate(document, {}))


@pytest.fixture(scope="session")
def ingestion_machine() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / "statemachine/ingestion.asl.json").read_text())
    return loaded
