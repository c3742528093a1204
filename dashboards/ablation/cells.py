"""Numbers of tables with what bounds them: intervals, differences with a verdict, spreads."""

import math
from collections.abc import Mapping
from typing import Any

from dashboards.measured import Measured, ap_span
from dashboards.sources.found import Difference, Row
from longtail.metrics import UNDEFINED
from longtail.results.points import points_or_nan

BETTER, WORSE, NOT_SURE, SAME = "better", "worse", "not sure", "the same"


def with_interval(row: Row, kind: str, metric: str) -> Measured:
    """A metric of a row in points, with its 95% interval where the evaluation has one."""
    value = points_or_nan(row.evaluation[kind].get(metric))
    interval = interval_of(row, kind, metric)
    if math.isnan(value) or interval is None:
        return Measured(value)
    low, high = interval["low"], interval["high"]
    return Measured(value, ap_span(low, high), more={"low": 100 * low, "high": 100 * high})


def interval_of(row: Row, kind: str, metric: str) -> Mapping[str, Any] | None:
    """The interval of a metric as `evaluation.json` has it; None where there is none."""
    intervals = row.evaluation.get("intervals", {}).get(kind, {}).get("metrics", {})
    interval: Mapping[str, Any] | None = intervals.get(metric)
    return None if interval is None or interval["standard_error"] == UNDEFINED else interval


def difference_cell(difference: Difference | None, metric: str = "AP") -> Measured:
    """A difference in points with its interval and verdict; says so where there is none."""
    if difference is None:
        return Measured(math.nan, "not known")
    of = difference.comparison["metrics"][metric]
    if of["standard_error"] == UNDEFINED:
        return Measured(math.nan, "not defined")
    low, high = of["low"], of["high"]
    more = {"low": 100 * low, "high": 100 * high}
    below = f"{100 * low:+z.2f} to {100 * high:+z.2f}"
    return Measured(100 * of["difference"], below, verdict(of), more)


def verdict(difference: Mapping[str, Any]) -> str:
    """Whether a difference of a comparison is one for real: its interval leaves out 0.

    Where every resample has the same difference, 0, nothing is left to be sure of.
    """
    if is_none(difference["low"], difference["high"]):
        return SAME
    if not difference["real"]:
        return NOT_SURE
    return BETTER if difference["low"] > 0 else WORSE


def is_none(low: float, high: float) -> bool:
    """Whether an interval of a difference is 0 alone: no resample changed anything."""
    return low == high == 0


def spread_cell(statistic: Mapping[str, Any] | None, says_number: bool = True) -> Measured:
    """A mean over seeds in points, with the standard deviation of a single run.

    Args:
        statistic: `mean`, `sd` and `n` of `table.json`; None where undefined.
        says_number: Whether the cell says how many seeds it is of.
    """
    if statistic is None:
        return Measured(math.nan)
    mean, sd, number = statistic["mean"], statistic["sd"], statistic["n"]
    spread = "" if sd is None else f"\u00b1 {100 * sd:.2f}"
    seeds = f"({number} seed{'s' if number > 1 else ''})" if says_number else ""
    more = {"n": number} if sd is None else {"sd": 100 * sd, "n": number}
    return Measured(100 * mean, f"{spread} {seeds}".strip(), more=more)
