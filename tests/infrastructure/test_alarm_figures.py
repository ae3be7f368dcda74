"""The alarms on the whole have the figures the requirements name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

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


def test_what_is_counted_as_a_failure_of_the_store_is_logged(stacks: Any, root: Path) -> None:
    filters = stacks["timeseries_store.yaml"].of_type("AWS::Logs::MetricFilter").values()
    named = {
        name for item in filters for name in re.findall(r'= "([a-z._]+)"', item["FilterPattern"])
    }
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in (root / "layers/ons_platform/src").rglob("*.py")
    )
    assert named == {"query.fallback", "store.circuit_opened"}
    assert all(f'"{name}"' in sources for name in named)
