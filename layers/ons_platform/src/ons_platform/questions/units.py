"""Units of results: what the data give, what was asked for, and a readable one when nothing was."""

from __future__ import annotations

from dataclasses import dataclass

from ons_platform.questions.intent import Aggregate, Intent, Operation
from ons_platform.questions.plan import QueryPlan

_GWH_FROM = 10_000.0


@dataclass(frozen=True)
class Unit:
    """A unit's name and how many of the plan's own unit make one."""

    name: str
    factor: float = 1.0

    def of(self, value: float) -> float:
        """A value of the plan in this unit."""
        return value / self.factor if self.factor != 1.0 else value


def unit_of(plan: QueryPlan, intent: Intent, largest: float) -> Unit:
    """The unit of the plan's values; energy without a unit asked is in GWh once it is large."""
    if plan.operation is Operation.SHARE:
        return Unit("%")
    if plan.metric.unit == "p.u." and intent.unit is not None and intent.unit.base == "%":
        return Unit("%", 0.01)
    asked = intent.unit if intent.unit is not None and intent.unit.base != "%" else None
    if plan.aggregate is Aggregate.ENERGY:
        if asked is not None and asked.base == "MWh":
            return Unit(asked.name, asked.factor)
        return Unit("GWh", 1e3) if abs(largest) >= _GWH_FROM else Unit("MWh")
    suffix = "/h" if plan.operation is Operation.RAMP and plan.metric.unit == "MWmed" else ""
    if asked is not None and asked.base == "MW":
        return Unit(asked.name + suffix, asked.factor)
    return Unit(plan.metric.unit + suffix)
