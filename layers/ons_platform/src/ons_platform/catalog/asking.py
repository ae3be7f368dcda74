"""What must hold for how a dataset is asked: ratios, filters, revisions, special quantities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ons_platform.catalog.findings import Problem, known_codes, repeated

if TYPE_CHECKING:
    from ons_platform.catalog.model import Dataset, Metric


def problems(dataset: Dataset) -> Iterator[Problem]:
    """Everything that is wrong with it, field by field; nothing for a good dataset."""
    for metric in dataset.questions.metrics:
        yield from _terms(dataset, metric)
        field = f"questions.metrics.{metric.id}.regions"
        yield from known_codes((field, "region", code) for code in metric.regions)
    for item in dataset.questions.filters:
        field = f"questions.filters.{item.column}"
        numbers = {m.column: m.unit for m in dataset.measures}
        if item.unit is not None and numbers.get(item.column) != item.unit:
            yield field, f"is not a measure in {item.unit}"
        if item.unit is None and item.column not in dataset.attributes:
            yield field, "is not a column with the role attribute"
        yield from repeated(field, (value.value for value in item.values))
        for value in item.values:
            if not (value.names.pt or value.names.en):
                yield field, f"{value.value} has no name by which it could be asked"
    for name in dataset.questions.versions:
        if name not in dataset.attributes or name not in dataset.key:
            yield "questions.versions", f"{name} is not an attribute column of the key"


def _terms(dataset: Dataset, metric: Metric) -> Iterator[Problem]:
    """Measurement types that a metric names beside its own."""
    held = {kind for item in dataset.measures for kind in item.measurement_types}
    held |= {item.measurement_type for item in dataset.derived}
    terms = {"plan_of": metric.plan_of}
    if metric.ratio is not None:
        terms |= metric.ratio.model_dump(include={"numerator", "denominator", "per"})
    for name, kind in terms.items():
        if kind is not None and kind not in held:
            yield f"questions.metrics.{metric.id}.{name}", f"{kind} is not measured here"
