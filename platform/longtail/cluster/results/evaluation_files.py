"""The files that keep the result of an evaluation, and what tables read from them."""

import json
from pathlib import Path
from typing import Any

from longtail.evaluation.recording.names import DIAGNOSIS, EVALUATION, PER_CATEGORY
from longtail.metrics import BOX_AP, GAP, GROUP_METRICS
from longtail.training.journal import JOURNAL

VARIANT = "variant.json"
MATCHES = "matches_*.npz"


def result_files(directory: Path) -> list[Path]:
    """The files that a finished evaluation consists of."""
    files = [directory / name for name in (JOURNAL, *evaluation_files(directory))]
    return [*files, *sorted(directory.glob(MATCHES))]


def evaluation_files(directory: Path) -> list[str]:
    """Those that MLflow keeps; a finished result has no variant."""
    names = [EVALUATION, DIAGNOSIS, PER_CATEGORY]
    return [VARIANT, *names] if (directory / VARIANT).is_file() else names


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


def identity_error_of(directory: Path) -> float | None:
    """How far AP of a finished evaluation is from the mean of its groups, a fraction; None where an
    earlier version did not say."""
    error: float | None = json.loads((directory / EVALUATION).read_text()).get("identity_error")
    return error
