"""The files that keep the result of an evaluation, and what tables read from them."""

import json
from pathlib import Path
from typing import Any

from longtail.metrics import BOX_AP, GAP, GROUP_METRICS
from longtail.training.journal import JOURNAL

VARIANT = "variant.json"
EVALUATION = "evaluation.json"
DIAGNOSIS = "diagnosis.json"
PER_CATEGORY = "per_category.csv"
PLOT = "ap_by_category.html"
MATCHES = "matches_*.npz"


def result_files(directory: Path) -> list[Path]:
    """The files that a finished evaluation consists of."""
    names = (VARIANT, JOURNAL, EVALUATION, DIAGNOSIS, PER_CATEGORY, f"plots/{PLOT}")
    return [*(directory / name for name in names), *sorted(directory.glob(MATCHES))]


def summary_of(directory: Path) -> dict[str, Any]:
    """What a result table shows: AP values as fractions in full precision."""
    evaluation = json.loads((directory / EVALUATION).read_text())
    return {
        **{key: evaluation["segm"][key] for key in GROUP_METRICS},
        BOX_AP: evaluation["box"]["AP"],
        GAP: evaluation["gap_box_mask"],
    }


def intervals_of(directory: Path) -> dict[str, Any]:
    """Intervals of a finished evaluation by `segm` and `box`, then metric; empty without them."""
    intervals: dict[str, Any] = json.loads((directory / EVALUATION).read_text())["intervals"]
    return intervals
