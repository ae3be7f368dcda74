from __future__ import annotations

import pytest

from ons_local.intrinsics import Resolver

DOCUMENT = {
    "Parameters": {"Environment": {"Default": "dev"}, "Unset": {"Type": "String"}},
    "Mappings": {"Sizes": {"dev": {"Memory": 512}}},
    "Conditions": {
        "IsDev": {"Fn::Equals": [{"Ref": "Environment"}, "dev"]},
        "IsProd": {"Fn::Not": [{"Condition": "IsDev"}]},
        "Both": {"Fn::And": [{"Condition": "IsDev"}, {"Condition": "IsProd"}]},
        "Either": {"Fn::Or": [{"Condition": "IsDev"}, {"Condition": "IsProd"}]},
    },
    "Resources": {
        "Raw": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"BucketName": {"Fn::Sub": "raw-${Environment}"}},
        },
        "Review": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "review"}},
        "Notices": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "notices"}},
        "Router": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "a.b"}},
        "Network": {"Type": "AWS::CloudFormation::Stack"},
    },
}
ACCOUNT = "us-east-1:000000000000"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", "plain"),
        ([1, {"a": {"Ref": "Environment"}}], [1, {"a": "dev"}]),
        ({"Ref": "Raw"}, "raw-dev"),
        ({"Ref": "Unset"}, ""),
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Ref": "AWS::NoValue"}, None),
        ({"Ref": "Review"}, "https://sqs.us-east-1.amazonaws.com/000000000000/review"),
        ({"Ref": "Notices"}, f"arn:aws:sns:{ACCOUNT}:notices"),
        ({"Ref": "Router"}, "Router"),
        ({"Ref": "Router.Alias"}, f"arn:aws:lambda:{ACCOUNT}:function:Router"),
        ({"Fn::GetAtt": ["Router", "Arn"]}, f"arn:aws:lambda:{ACCOUNT}:function:Router"),
        ({"Fn::GetAtt": "Review.QueueName"}, "review"),
        ({"Fn::GetAtt": ["Raw", "Arn"]}, "arn:aws:s3:::raw-dev"),
        ({"Fn::GetAtt": ["Network", "Outputs.Vpc"]}, "Network.Outputs.Vpc"),
        ({"Fn::Sub": "${Raw}/${!Literal}/${AWS::AccountId}"}, "raw-dev/${Literal}/000000000000"),
        (
            {"Fn::Sub": "${Router.Arn}:${Router.Alias}"},
            ":".join([f"arn:aws:lambda:{ACCOUNT}:function:Router"] * 2),
        ),
        ({"Fn::Sub": ["${x}-${Environment}", {"x": {"Ref": "Raw"}}]}, "raw-dev-dev"),
        ({"Fn::Join": ["/", ["a", {"Ref": "Raw"}]]}, "a/raw-dev"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Environment"}, "Memory"]}, 512),
        ({"Fn::If": ["IsDev", "yes", "no"]}, "yes"),
        ({"Fn::If": ["IsProd", "yes", "no"]}, "no"),
        ({"Condition": "Both"}, False),
        ({"Condition": "Either"}, True),
        ({"Fn::ImportValue": "x"}, "Fn::ImportValue:x"),
    ],
)
def test_a_value_is_resolved(value, expected):
    assert Resolver(DOCUMENT).resolve(value) == expected


def test_resources_of_a_type():
    assert [name for name, _ in Resolver(DOCUMENT).of_type("AWS::SQS::Queue")] == ["Review"]
