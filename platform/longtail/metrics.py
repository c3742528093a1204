"""Names of metrics, the value of undefined ones, and how they look to people and in MLflow.

Values are fractions in [0, 1] everywhere; what is shown and what MLflow keeps is in points,
AP x 100.
"""

from collections.abc import Mapping
from typing import Any

UNDEFINED = -1.0
"""Of a metric without a category or instance to measure it on."""

GROUP_METRICS = ("AP", "APr", "APc", "APf")
"""AP over all categories and by frequency group, of masks unless said otherwise."""

AP_METRICS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "APr", "APc", "APf")
"""Every AP of LVIS, in the order of lvis-api; four average recalls complete the thirteen."""

BOX_AP, GAP = "AP_box", "gap_box_mask"
RESULT_METRICS = (*GROUP_METRICS, BOX_AP)
"""What the result of every evaluation has, in a table as in a search."""

HEADINGS = {**{name: name for name in GROUP_METRICS}, BOX_AP: "box AP", GAP: "gap"}
"""How tables call them."""

KIND_NAMES = {"segm": "mask", "box": "box"}
"""How tables call what is matched; files and MLflow keep lvis-api's words."""

MLFLOW_PREFIXES = {
    "segm": "val",
    "box": "val_box",
    "segm_fixed": "val_fixed",
    "bins": "val_bin",
    "pool": "val_pool",
}
"""MLflow's groups of metrics by the part of an evaluation that they come from."""


def mlflow_name(metric: str, part: str = "segm") -> str:
    """The name of a metric in MLflow, such as `val_box/AP`.

    Args:
        metric: Its name within the part.
        part: A key of `MLFLOW_PREFIXES`.
    """
    return f"{MLFLOW_PREFIXES[part]}/{metric}"


def in_points(fraction: float, decimals: int = 2) -> float:
    """A fraction as the number of points that MLflow keeps."""
    return round(100 * fraction, decimals)


def defined_points(fractions: Mapping[str, float]) -> dict[str, float]:
    """The defined ones of some metrics in points, by the same names."""
    return {name: in_points(value) for name, value in fractions.items() if value != UNDEFINED}


def points_text(fraction: float | None) -> str:
    """A fraction in points with two decimals; a dash where it is undefined or not known."""
    return "-" if fraction is None or fraction == UNDEFINED else f"{100 * fraction:.2f}"


def signed_points_text(difference: float) -> str:
    """A difference of fractions in points, with its sign."""
    return f"{100 * difference:+.2f}"


def span_text(low: float, high: float) -> str:
    """Both ends of an interval in points."""
    return f"{100 * low:.2f} to {100 * high:.2f}"


def interval_text(interval: Mapping[str, Any] | None) -> str:
    """Both ends of an interval of an evaluation's JSON; a dash for none or an undefined one."""
    if interval is None or interval["standard_error"] == UNDEFINED:
        return "-"
    return span_text(interval["low"], interval["high"])
