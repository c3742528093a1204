"""The numbers of an evaluation by the names that MLflow knows, in points.

Runs of rows, of result files and of merges have the same names, so that they can be compared.
"""

from collections.abc import Mapping
from typing import Any

from longtail.metrics import (
    AP_METRICS,
    GAP,
    UNDEFINED,
    defined_points,
    in_points,
    mlflow_name,
)

BOUNDED_METRICS = ("AP", "APr")
"""Metrics whose intervals MLflow shows too."""
PARTS = ("segm", "box", "segm_fixed")
KIND_TAG = "longtail.kind"
KIND = "evaluation"
"""By which runs that can be compared are found, whatever they evaluate."""
ROW_TAG = "longtail.row"
"""What a run of that kind evaluates: `variant`, `result`, `trial`, `merge` or `tuning`."""
TRIAL = "trial"
"""Of a sweep; a grid that has the same evaluation for a row says `variant`."""


def points_of_row(row: Mapping[str, Any]) -> dict[str, float]:
    """What an evaluation's row of JSON values has, undefined metrics left out.

    Args:
        row: Metrics as fractions by part (`segm`, `box`, `segm_fixed`, `bins`), `gap_box_mask` and
            `intervals`; what it lacks is left out.
    """
    named = {
        mlflow_name(key, part): row[part][key]
        for part in PARTS
        for key in AP_METRICS
        if key in row.get(part, {})
    }
    named |= {mlflow_name(f"AP_{name}", "bins"): ap for name, ap in row.get("bins", {}).items()}
    named |= {mlflow_name(GAP): row.get(GAP, UNDEFINED)}
    return defined_points(named) | interval_points(row.get("intervals", {}))


def interval_points(intervals: Mapping[str, Any]) -> dict[str, float]:
    """Ends of the intervals of mask AP, such as `val/AP_low`.

    Args:
        intervals: By `segm` and `box`, as evaluation.json has them.
    """
    metrics = intervals.get("segm", {}).get("metrics", {})
    bounds = {}
    for name in BOUNDED_METRICS:
        interval = metrics.get(name)
        if interval is not None and interval["standard_error"] != UNDEFINED:
            for end in ("low", "high"):
                bounds[mlflow_name(f"{name}_{end}")] = in_points(interval[end])
    return bounds
