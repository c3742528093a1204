"""Columns of result tables: fractions become points, undefined ones NaN."""

import math
from collections.abc import Mapping
from typing import Any

from longtail.metrics import GROUP_METRICS, UNDEFINED


def points_or_nan(fraction: float | None) -> float:
    """100 times the fraction; NaN for none and for `UNDEFINED`."""
    return math.nan if fraction is None or fraction == UNDEFINED else 100 * fraction


def ap_columns(metrics: Mapping[str, float | None], suffix: str = "") -> dict[str, float]:
    """AP, APr, APc and APf in points; those that are missing are NaN.

    Args:
        metrics: Fractions by name.
        suffix: Put behind each name.
    """
    return {f"{name}{suffix}": points_or_nan(metrics.get(name)) for name in GROUP_METRICS}


def interval_columns(intervals: Mapping[str, Any], kind: str = "segm") -> dict[str, float]:
    """`AP_low` and `AP_high` in points; NaN without an interval.

    Args:
        intervals: By `segm` and `box`, as evaluation.json has them.
        kind: Which of them.
    """
    interval = intervals.get(kind, {}).get("metrics", {}).get("AP")
    if interval is None or interval["standard_error"] == UNDEFINED:
        return {"AP_low": math.nan, "AP_high": math.nan}
    return {"AP_low": points_or_nan(interval["low"]), "AP_high": points_or_nan(interval["high"])}
