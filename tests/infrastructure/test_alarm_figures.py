"""The alarms on the whole have the figures the requirements name."""

from __future__ import annotations

from pathlib import Path

from samcli.yamlhelper import yaml_parse

MONITORING = Path(__file__).parents[2] / "stacks/monitoring.yaml"


def test_alarms_have_the_figures_asked_for() -> None:
    resources = yaml_parse(MONITORING.read_text(encoding="utf-8"))["Resources"].values()
    alarms = {
        item["Properties"]["AlarmName"]["Fn::Sub"].split("${NamePrefix}-")[1].rsplit("-", 1)[0]: (
            item["Properties"]["ComparisonOperator"],
            item["Properties"]["Threshold"],
        )
        for item in resources
        if item["Type"] == "AWS::CloudWatch::Alarm"
    }
    above = "GreaterThanThreshold"
    assert alarms["processing-failure-rate"] == (above, 5)
    assert alarms["api-latency"] == (above, 10_000)
    assert alarms["api-errors"] == (above, 0.05)
    assert alarms["manual-review-depth"] == (above, 100)
    assert alarms["dead-letters"] == (above, 0)
