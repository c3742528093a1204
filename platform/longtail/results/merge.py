"""The table of a merge: its sources and steps, and their AP."""

from typing import Any

import pandas as pd

from longtail.metrics import BOX_AP
from longtail.results.points import ap_columns, interval_columns, points_or_nan


def merge_table(tree: dict[str, Any]) -> pd.DataFrame:
    """A line for each source, then one for each step of the merge; the last one is the merge.

    Args:
        tree: Of the `evaluation.json` of a merge.

    Returns:
        Indexed by `kind` (source, step) and `name`: AP, AP_low, AP_high (95 % interval), APr, APc,
        APf of masks, the same without a cap on an image (AP_fixed, ...), AP_box, in points.
    """
    lines = [
        _line(kind, name, row)
        for kind in ("source", "step")
        for name, row in tree[f"{kind}s"].items()
    ]
    return pd.DataFrame(lines).set_index(["kind", "name"])


def _line(kind: str, name: str, row: dict[str, Any]) -> dict[str, Any]:
    metrics = ap_columns(row["segm"])
    return {
        "kind": kind,
        "name": name,
        "AP": metrics.pop("AP"),
        **interval_columns(row["intervals"]),
        **metrics,
        **ap_columns(row["segm_fixed"], "_fixed"),
        BOX_AP: points_or_nan(row["box"]["AP"]),
    }
