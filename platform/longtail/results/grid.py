"""The table of a grid: its rows, their AP, and what tells them apart."""

from pathlib import Path
from typing import Any

import pandas as pd

from longtail.cluster.results.evaluation_files import VARIANT
from longtail.cluster.results.named_results import file_name
from longtail.cluster.results.run_group import differing_leaves
from longtail.config.variant import Variant
from longtail.metrics import BOX_AP, GAP
from longtail.results.points import ap_columns, interval_columns, points_or_nan


def grid_table(folder: Path, tree: dict[str, Any]) -> pd.DataFrame:
    """A line for each row, in the order of the grid; unfinished ones have no numbers.

    Args:
        folder: `runs/grids/<name>`.
        tree: Of its `table.json`.

    Returns:
        Indexed by `row`: AP, AP_low, AP_high (95 % interval), APr, APc, APf, AP_box, gap_box_mask
        in points, then a column for each configuration field in which finished rows differ.
    """
    fields = differing_leaves(_variants(folder, tree))
    lines = [
        _line(name, result or {}, tree.get("intervals", {}).get(name, {})) | fields.get(name, {})
        for name, result in tree["rows"].items()
    ]
    return pd.DataFrame(lines).set_index("row")


def _line(name: str, result: dict[str, Any], intervals: dict[str, Any]) -> dict[str, Any]:
    metrics = ap_columns(result)
    line = {"row": name, "AP": metrics.pop("AP"), **interval_columns(intervals), **metrics}
    return line | {key: points_or_nan(result.get(key)) for key in (BOX_AP, GAP)}


def _variants(folder: Path, tree: dict[str, Any]) -> dict[str, Variant]:
    paths = {name: folder / file_name(name) / "evaluation" / VARIANT for name in tree["rows"]}
    return {
        name: Variant.model_validate_json(path.read_bytes())
        for name, path in paths.items()
        if tree["rows"][name] is not None and path.is_file()
    }
