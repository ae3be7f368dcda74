"""What the embedded platform needs of `template.yaml`: functions, routes, ASL, throttle."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ons_local.intrinsics import Resolver


@dataclass(frozen=True)
class FunctionSpec:
    """One Lambda function as the template declares it; `timeout` in seconds, `memory` in MB.

    `code` is the folder its handler is imported from (`LAMBDA_TASK_ROOT`).
    """

    name: str
    code: Path
    handler: str
    environment: Mapping[str, str]
    timeout: float
    memory: int


@dataclass(frozen=True)
class JobSpec:
    """The batch job's limits: `timeout` in seconds an attempt, `memory` in MiB unless a job says.

    An exit code in `retried` is tried again until there were `attempts`.
    """

    timeout: float = 14_400
    memory: int = 8192
    attempts: int = 1
    retried: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Route:
    """One method and path of the REST API, `path` in API Gateway form (`/objects/{key+}`)."""

    method: str
    path: str
    function: str
    key_required: bool


@dataclass(frozen=True)
class Throttle:
    """The usage plan's token bucket per API key: `rate` in requests per second."""

    rate: float
    burst: int


@dataclass(frozen=True)
class Template:
    """The part of the stack this machine runs."""

    functions: Mapping[str, FunctionSpec]
    routes: tuple[Route, ...]
    definition: str
    throttle: Throttle
    job: JobSpec = JobSpec()

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables every function has: the ones that name buckets and stores."""
        shared = [set(function.environment.items()) for function in self.functions.values()]
        return dict(set.intersection(*shared)) if shared else {}


_API_GATEWAY_DEFAULT = Throttle(rate=10_000, burst=5_000)


def load_template(path: Path) -> Template:
    """Read a SAM template and the ASL file of its state machine.

    The file is the project's own, so a shape it does not have is a `KeyError`, not a message.
    """
    document = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    resolver = Resolver(document)
    globals_ = document.get("Globals", {})
    functions = dict(_functions(resolver, globals_.get("Function", {}), path.parent))
    return Template(
        functions=functions,
        routes=tuple(_routes(resolver, globals_.get("Api", {}).get("Auth", {}))),
        definition=_definition(resolver, path.parent),
        throttle=_throttle(resolver, globals_.get("Api", {}).get("Auth", {})),
        job=_job(resolver),
    )


def _functions(
    resolver: Resolver, defaults: Mapping[str, Any], root: Path
) -> Iterator[tuple[str, FunctionSpec]]:
    for name, properties in resolver.of_type("AWS::Serverless::Function"):
        given = {**defaults, **properties}
        variables = {
            **defaults.get("Environment", {}).get("Variables", {}),
            **properties.get("Environment", {}).get("Variables", {}),
        }
        values = {key: resolver.resolve(value) for key, value in variables.items()}
        yield (
            name,
            FunctionSpec(
                name=name,
                code=root / str(given["CodeUri"]),
                handler=str(resolver.resolve(given["Handler"])),
                environment={key: str(value) for key, value in values.items() if value is not None},
                timeout=float(resolver.resolve(given.get("Timeout", 3))),
                memory=int(resolver.resolve(given.get("MemorySize", 128))),
            ),
        )


def _routes(resolver: Resolver, shared_auth: Mapping[str, Any]) -> Iterator[Route]:
    key_by_default = bool(resolver.resolve(_api_auth(resolver, shared_auth)).get("ApiKeyRequired"))
    for name, properties in resolver.of_type("AWS::Serverless::Function"):
        for event in properties.get("Events", {}).values():
            if event["Type"] != "Api":
                continue
            given = resolver.resolve(event["Properties"])
            auth = given.get("Auth", {})
            yield Route(
                method=str(given["Method"]).upper(),
                path=str(given["Path"]),
                function=name,
                key_required=bool(auth.get("ApiKeyRequired", key_by_default)),
            )


def _api_auth(resolver: Resolver, shared: Mapping[str, Any]) -> Mapping[str, Any]:
    apis = [properties for _, properties in resolver.of_type("AWS::Serverless::Api")]
    return {**shared, **(apis[0].get("Auth", {}) if apis else {})}


def _definition(resolver: Resolver, root: Path) -> str:
    """The first state machine's ASL with its `${Substitutions}` filled in."""
    for _, properties in resolver.of_type("AWS::Serverless::StateMachine"):
        text = (root / str(properties["DefinitionUri"])).read_text("utf-8")
        substitutions = resolver.resolve(properties.get("DefinitionSubstitutions", {}))
        for name, value in substitutions.items():
            text = text.replace(f"${{{name}}}", str(value))
        json.loads(text)
        return text
    raise KeyError("the template has no AWS::Serverless::StateMachine")


def _job(resolver: Resolver) -> JobSpec:
    for _, properties in resolver.of_type("AWS::Batch::JobDefinition"):
        wanted = properties["ContainerProperties"]["ResourceRequirements"]
        strategy = properties["RetryStrategy"]
        return JobSpec(
            timeout=float(resolver.resolve(properties["Timeout"]["AttemptDurationSeconds"])),
            memory=next(int(item["Value"]) for item in wanted if item["Type"] == "MEMORY"),
            attempts=int(strategy["Attempts"]),
            retried=frozenset(
                int(rule["OnExitCode"])
                for rule in strategy["EvaluateOnExit"]
                if rule["Action"] == "RETRY" and "OnExitCode" in rule
            ),
        )
    return JobSpec()


def _throttle(resolver: Resolver, shared_auth: Mapping[str, Any]) -> Throttle:
    plans = [properties for _, properties in resolver.of_type("AWS::ApiGateway::UsagePlan")]
    plans.append(_api_auth(resolver, shared_auth).get("UsagePlan", {}))
    for plan in plans:
        throttle = resolver.resolve(plan).get("Throttle")
        if throttle:
            return Throttle(rate=float(throttle["RateLimit"]), burst=int(throttle["BurstLimit"]))
    return _API_GATEWAY_DEFAULT


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref X` is `{"Ref": X}`."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 - the third and last kind of node
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)
