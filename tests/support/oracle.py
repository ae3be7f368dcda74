"""What a `QueryPlan` means, computed with pandas from rows of the lake.

Written from the plan's description, apart from every engine: no SQL, no Flux, no InfluxQL, and none
of the code that renders them or puts their answers together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ons_platform.questions.intent import Aggregate, Bucket, Dimension, Operation
from ons_platform.questions.plan import QueryPlan, Rows

ZONE = "America/Sao_Paulo"
LABELS = {
    Dimension.REGION: "region",
    Dimension.STATE: "state",
    Dimension.SOURCE: "energy_source",
    Dimension.PLANT: "entity_name",
    Dimension.WINDOW: "period",
}
_COMPARED = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
    "=": np.equal,
}


def answer(plan: QueryPlan, frames: dict[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """The plan's rows: labels, bucket, value, n, other, at, first, last and the counts.

    `frames` has the lake's rows by dataset. Rows are in the plan's order.
    """
    rows = _read(plan, frames)
    counts = _counts(plan, rows)
    usable = rows[rows["value"].notna()]
    if "quality_flag" not in plan.idle:
        usable = usable[usable["quality_flag"] != "inconsistent"]
    labels = [LABELS[item] for item in plan.by]
    series = _series(plan, usable, labels)
    if plan.operation is Operation.RAMP:
        series = _ramps(plan, series, labels)
    if plan.bucket is not None:
        series["bucket"] = _bucket(plan, series["t"])
    keys = [*labels, *(["bucket"] if plan.bucket is not None else [])]
    if series.empty:
        return []
    found = _aggregated(plan, series.sort_values("t", kind="stable"), keys)
    rows_found = [
        {name: _plain(item) for name, item in row.items()} | counts
        for row in found.to_dict("records")
    ]
    return _ordered(plan, labels, rows_found)


# -- which rows ----------------------------------------------------------------------------------


def _read(plan: QueryPlan, frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    together = [_of_period(plan, frames[item.dataset]) for item in (plan.dataset, *plan.also)]
    rows = pd.concat(together, ignore_index=True) if len(together) > 1 else together[0]
    rows = rows[_matches(plan.rows, rows)]
    if plan.rows.hours:
        rows = rows[_civil(rows["timestamp"]).dt.hour.isin(plan.rows.hours)]
    if plan.rows.pair is not None:
        turned = rows["region"] != plan.rows.pair[0]
        rows = rows.assign(turned=turned, value=rows["value"].where(~turned, -rows["value"]))
    return _newest(plan, rows) if plan.versions else rows


def _of_period(plan: QueryPlan, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the plan's kinds in its windows, and the first window each lies in."""
    instants, period = frame["timestamp"], np.full(len(frame), -1)
    for number in reversed(range(len(plan.windows))):
        item = plan.windows[number]
        period[((instants >= item.start) & (instants < item.end)).to_numpy()] = number
    inside = frame[period >= 0].assign(period=period[period >= 0], turned=False)
    return inside[inside["measurement_type"].isin(plan.kinds)]


def _matches(rows: Rows, frame: pd.DataFrame) -> pd.Series:
    found = pd.Series(True, frame.index)
    said = {
        "region": rows.regions, "energy_source": rows.sources, "state": rows.states,
        "entity_name": rows.plants, **dict(rows.attributes),
    }  # fmt: skip
    for column, values in said.items():
        if values:
            found &= frame[column].isin(values)
    if rows.pair is not None:
        there = (frame["region"] == rows.pair[0]) & (frame["region_to"] == rows.pair[1])
        back = (frame["region"] == rows.pair[1]) & (frame["region_to"] == rows.pair[0])
        found &= there | back
    return found


def _newest(plan: QueryPlan, rows: pd.DataFrame) -> pd.DataFrame:
    """The last of the revisions of each thing at each instant, numbers compared as numbers."""
    order = []
    for name in plan.versions:
        rows = rows.assign(**{f"{name} number": pd.to_numeric(rows[name], errors="coerce")})
        order += [f"{name} number", name]
    rows = rows.sort_values(order, ascending=False, na_position="last", kind="stable")
    return rows.drop_duplicates(["timestamp", "measurement_type", *plan.things])


def _counts(plan: QueryPlan, rows: pd.DataFrame) -> dict[str, int]:
    flags, empty = rows["quality_flag"], rows["value"].isna()
    counts = {
        "missing": empty,
        "excluded": ~empty & (flags == "inconsistent"),
        "doubtful": flags == "out_of_range",
        "suspect": flags == "suspect",
        "forecast": flags == "forecast",
    }
    if "quality_flag" in plan.idle:
        counts = {}
    if plan.rows.pair is not None:
        counts["turned"] = rows["turned"]
    return {name: int(test.sum()) for name, test in counts.items()}


# -- one value per instant -----------------------------------------------------------------------


def _series(plan: QueryPlan, rows: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    rows = rows.rename(columns={"timestamp": "t"})
    sign = -1 if plan.negate else 1
    if plan.ratio is not None:
        return _ratios(plan, rows, labels)
    if plan.minus is not None:
        first = rows["measurement_type"] == plan.metric.measurement_type
        rows = rows.assign(v=rows["value"].where(first, -rows["value"]))
        found = _grouped(rows, labels, v=("v", "sum"), kinds=("measurement_type", "nunique"))
        found["v"] *= sign
        return found[found["kinds"] == 2]
    if plan.spread is not None:
        first = rows["region"] == plan.spread[0]
        rows = rows.assign(v=rows["value"].where(first, -rows["value"]))
        found = _grouped(rows, labels, v=("v", "sum"), held=("v", "size"))
        return found[found["held"] == 2]
    if plan.parts is None and plan.numerator is None:
        return rows.assign(v=sign * rows["value"])[["t", *labels, "v"]]
    part = rows["value"].where(_matches(plan.numerator, rows), 0) if plan.numerator else 0.0
    rows = rows.assign(part=part)
    found = _grouped(rows, labels, v=("value", "sum"), part=("part", "sum"), held=("value", "size"))
    found["v"] *= sign
    return found[found["held"] >= (plan.parts or 0)]


def _grouped(rows: pd.DataFrame, labels: list[str], **columns: tuple[str, str]) -> pd.DataFrame:
    groups = rows.groupby(["t", *labels], dropna=False, sort=False)
    found = {name: getattr(groups[column], how)() for name, (column, how) in columns.items()}
    return pd.DataFrame(found).reset_index()


def _ratios(plan: QueryPlan, rows: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    ratio = plan.ratio
    assert ratio is not None
    apart = list(dict.fromkeys(["t", *labels, *plan.things]))
    terms = {"num": ratio.numerator, "den": ratio.denominator, "per": ratio.per}
    wide = rows[apart].drop_duplicates().reset_index(drop=True)
    for name, kind in terms.items():
        own = rows[rows["measurement_type"] == kind][[*apart, "value"]]
        wide = wide.merge(own.rename(columns={"value": name}), how="left", on=apart)
    if ratio.per is not None:
        wide["den"] = wide["den"] * ratio.scale / wide["per"].replace(0, np.nan)
    wide = wide[wide["num"].notna() & wide["den"].notna()]
    found = _grouped(wide, labels, num=("num", "sum"), den=("den", "sum"), held=("num", "size"))
    found["v"] = ratio.scale * found["num"] / found["den"].replace(0, np.nan)
    return found[found["held"] >= (plan.parts or 0)]


def _ramps(plan: QueryPlan, series: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    series = series.sort_values("t", kind="stable")
    series = series.assign(one=0)
    groups = series.groupby([*labels, "one"], dropna=False, sort=False)
    step = pd.Timedelta(hours=plan.hours)
    series = series.assign(d=groups["v"].diff(), gap=groups["t"].diff())
    series = series[series["gap"] == step]
    return series.assign(v=series["d"])[["t", *labels, "v"]]


# -- over time -----------------------------------------------------------------------------------


def _civil(instants: pd.Series) -> pd.Series:
    return instants.dt.tz_convert(ZONE).dt.tz_localize(None)


def _bucket(plan: QueryPlan, instants: pd.Series) -> pd.Series:
    local = _civil(instants) + pd.Timedelta(days=plan.label_days)
    match plan.bucket:
        case Bucket.INTERVAL:
            return local
        case Bucket.HOUR_OF_DAY:
            return local.dt.hour
        case Bucket.HOUR:
            return local.dt.floor("h")
        case Bucket.DAY:
            return local.dt.normalize()
        case Bucket.WEEK:
            return local.dt.to_period("W-SUN").dt.start_time
        case Bucket.MONTH:
            return local.dt.to_period("M").dt.start_time
        case _:
            return local.dt.to_period("Y").dt.start_time


def _aggregated(plan: QueryPlan, series: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """One row per group of a series in order of time."""
    if plan.aggregate is Aggregate.ENERGY:
        series = series.assign(energy=series["v"] * _hours(plan, series["t"]))
    if plan.threshold is not None:
        amount = series["v"].abs() if plan.spread else series["v"]
        series = series.assign(
            hit=_COMPARED[plan.threshold.comparison](amount, plan.threshold.value)
        )
    groups = _groups(series, keys)
    times = groups["t"]
    found = pd.DataFrame({"n": groups.size(), "first": times.first(), "last": times.last()})
    found["value"] = _value(plan, groups)
    if plan.alternative is not None:
        found["other"] = _simple(plan.alternative, groups["v"])
    elif plan.operation is Operation.MATCHING and plan.threshold is not None:
        low = plan.threshold.comparison in {"<", "<="}
        found["other"] = groups["v"].min() if low else groups["v"].max()
    found["at"] = found["last"]
    if plan.aggregate in {Aggregate.MAX, Aggregate.RAMP_UP}:
        found["at"] = _groups(_by_value(series, ascending=False), keys)["t"].first()
    if plan.aggregate in {Aggregate.MIN, Aggregate.RAMP_DOWN}:
        found["at"] = _groups(_by_value(series, ascending=True), keys)["t"].first()
    return found.reset_index().drop(columns=[] if keys else ["all"])


def _groups(series: pd.DataFrame, keys: list[str]) -> Any:
    named = series if keys else series.assign(all=0)
    return named.groupby(keys or ["all"], dropna=False, sort=False)


def _by_value(series: pd.DataFrame, *, ascending: bool) -> pd.DataFrame:
    """The extreme first, of equals the earliest; an undefined value is none."""
    return series[series["v"].notna()].sort_values("v", ascending=ascending, kind="stable")


def _value(plan: QueryPlan, groups: Any) -> pd.Series:
    if plan.threshold is not None and plan.bucket is None:
        return groups["hit"].sum()
    if plan.aggregate is Aggregate.ENERGY:
        return groups["energy"].sum()
    if plan.aggregate is Aggregate.SHARE and plan.numerator is not None:
        return 100 * groups["part"].sum() / groups["v"].sum().replace(0, np.nan)
    if plan.aggregate is Aggregate.LAST:
        return groups["v"].last()
    if plan.aggregate is Aggregate.MEAN and plan.ratio and plan.ratio.over_time == "sum":
        return plan.ratio.scale * groups["num"].sum() / groups["den"].sum()
    return _simple(plan.aggregate, groups["v"])


def _simple(aggregate: Aggregate, values: Any) -> Any:
    if aggregate is Aggregate.MEAN:
        return values.mean()
    if aggregate in {Aggregate.MAX, Aggregate.RAMP_UP}:
        return values.max()
    if aggregate in {Aggregate.MIN, Aggregate.RAMP_DOWN}:
        return values.min()
    return values.sum(min_count=1)


def _hours(plan: QueryPlan, instants: pd.Series) -> Any:
    """Hours of each interval; of a month or a year its own."""
    if plan.dataset.grain not in {"P1M", "P1Y"}:
        fixed = {"PT30M": 0.5, "PT1H": 1, "P1D": 24, "P1W": 168, "event": 1}
        return fixed[plan.dataset.grain or ""]
    step = pd.DateOffset(months=1) if plan.dataset.grain == "P1M" else pd.DateOffset(years=1)
    ends = (_civil(instants) + step).dt.tz_localize(ZONE)
    return (ends - instants).dt.total_seconds() / 3600


def _plain(item: Any) -> Any:
    """As the engines give it: None for nothing, Python's own types."""
    if item is None or (not isinstance(item, str) and pd.isna(item)):
        return None
    if isinstance(item, pd.Timestamp):
        return item.to_pydatetime()
    return item.item() if isinstance(item, np.generic) else item


def _ordered(
    plan: QueryPlan, labels: list[str], rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """By value if an order was said, then by labels and bucket; otherwise by bucket and labels."""
    bucket = ["bucket"] if plan.bucket is not None else []
    by_value = plan.order is not None and plan.operation is not Operation.CHANGE
    names = [*labels, *bucket] if by_value else [*bucket, *labels]

    def key(row: dict[str, Any]) -> Any:
        told = [(row[name] is None, row[name] if row[name] is not None else "") for name in names]
        if not by_value:
            return told
        value = row["value"]
        sign = -1 if plan.order == "desc" else 1
        return [(value is None, sign * (value or 0)), *told]

    return sorted(rows, key=key)
