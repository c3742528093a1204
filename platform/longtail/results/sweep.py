"""The table of a sweep: its trials, their points, their AP and what they cost."""

from typing import Any

import pandas as pd

from longtail.metrics import BOX_AP
from longtail.results.points import ap_columns, points_or_nan


def sweep_table(tree: dict[str, Any]) -> pd.DataFrame:
    """A line for each trial: finished ones by falling metric, then stopped ones, then failed ones.

    Args:
        tree: Of the `table.json` in `runs/sweeps/<name>`.

    Returns:
        Indexed by `trial`: a column for each searched path, AP, APr, APc, APf, AP_box of the last
        evaluation in points, the iterations it was made after, state, and reserved hours.
    """
    return pd.DataFrame([_line(trial) for trial in tree["trials"]]).set_index("trial")


def _line(trial: dict[str, Any]) -> dict[str, Any]:
    last: dict[str, Any] = trial["curve"][-1] if trial["curve"] else {"step": 0, "metrics": {}}
    return {
        "trial": trial["number"],
        **trial["point"],
        **ap_columns(last["metrics"]),
        BOX_AP: points_or_nan(last["metrics"].get(BOX_AP)),
        "iterations": last["step"],
        "state": trial["state"],
        "hours": trial["hours"],
    }
