"""CloudFormation's intrinsic functions, as far as the values of our template need them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

REGION = "us-east-1"
ACCOUNT = "000000000000"

_PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "ons-local",
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/ons-local/local",
    "AWS::NoValue": None,
}
_NAME_PROPERTIES = ("BucketName", "TableName", "QueueName", "TopicName", "Name")
_ARN_SERVICE = {
    "AWS::Serverless::Function": "lambda:{region}:{account}:function:{logical}",
    "AWS::SQS::Queue": "sqs:{region}:{account}:{name}",
    "AWS::SNS::Topic": "sns:{region}:{account}:{name}",
    "AWS::S3::Bucket": "s3:::{name}",
}


class Resolver:
    """Values of one template with its parameters at their defaults.

    References between resources become the names they will have: a bucket's name, a queue's URL, a
    topic's or function's ARN (the function's logical id stands for its name). Anything only AWS can
    know (an attribute of a nested stack, an endpoint) becomes `LogicalId.Attribute`.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._resources: Mapping[str, Any] = document["Resources"]
        self._parameters = {
            name: parameter.get("Default", "")
            for name, parameter in document.get("Parameters", {}).items()
        }
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Condition": self._condition,
            "Fn::Sub": self._sub,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": lambda value: str(value[0]).join(map(str, self.resolve(value[1]))),
            "Fn::Select": lambda value: self.resolve(value[1])[int(self.resolve(value[0]))],
            "Fn::Split": lambda value: str(self.resolve(value[1])).split(value[0]),
            "Fn::If": lambda value: self.resolve(value[1 if self._condition(value[0]) else 2]),
            "Fn::FindInMap": self._find_in_map,
            "Fn::Equals": lambda value: self.resolve(value[0]) == self.resolve(value[1]),
            "Fn::Not": lambda value: not self.resolve(value[0]),
            "Fn::And": lambda value: all(map(self.resolve, value)),
            "Fn::Or": lambda value: any(map(self.resolve, value)),
        }

    def of_type(self, kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Logical id and unresolved properties of the resources of one type, in file order."""
        for name, resource in self._resources.items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})

    def resolve(self, value: Any) -> Any:
        """The value with every intrinsic in it replaced."""
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in self._functions:
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                return f"{name}:{argument}"
        return {key: self.resolve(item) for key, item in value.items()}

    def _ref(self, name: str) -> Any:
        if name in _PSEUDO:
            return _PSEUDO[name]
        if name in self._parameters:
            return self._parameters[name]
        logical = name.split(".", 1)[0]  # SAM's generated resources: `Function.Alias`
        kind = self._resources[logical]["Type"]
        if kind == "AWS::SQS::Queue":
            return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{self._name(logical)}"
        if kind == "AWS::SNS::Topic" or "." in name:
            return self._arn(logical)
        return self._name(logical)

    def _get_att(self, value: list[str] | str) -> Any:
        logical, attribute = value.split(".", 1) if isinstance(value, str) else value
        if attribute == "Arn":
            return self._arn(logical)
        if attribute in ("QueueName", "TopicName"):
            return self._name(logical)
        return f"{logical}.{attribute}"

    def _name(self, logical: str) -> str:
        properties = self._resources[logical].get("Properties", {})
        given = [properties[name] for name in _NAME_PROPERTIES if name in properties]
        return str(self.resolve(given[0])) if given else logical

    def _arn(self, logical: str) -> str:
        kind = self._resources[logical]["Type"]
        other = str(kind).split("::")[1].lower() + ":{region}:{account}:{name}"
        service = _ARN_SERVICE.get(str(kind), other)
        name = self._name(logical)
        return "arn:aws:" + service.format(
            region=REGION, account=ACCOUNT, name=name, logical=logical
        )

    def _sub(self, value: str | list[Any]) -> str:
        text, names = (value, {}) if isinstance(value, str) else (value[0], value[1])

        def replace(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in names:
                return str(self.resolve(names[name]))
            dotted = "." in name and name.split(".", 1)[1] not in ("Alias", "Version")
            return str(self._get_att(name) if dotted else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", replace, text)

    def _find_in_map(self, value: list[Any]) -> Any:
        name, first, second = (self.resolve(part) for part in value[:3])
        return self._document["Mappings"][name][first][second]

    def _condition(self, name: str) -> bool:
        return bool(self.resolve(self._document["Conditions"][name]))
