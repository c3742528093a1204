"""The options that commands share, on a toy data set."""

from pathlib import Path
from typing import Any

from experiments.commands.run_request import RunRequest

DEFAULTS: dict[str, Any] = {
    "semantic": None,
    "also": (),
    "exhaustive": False,
    "scale": "demo",
    "iterations": None,
    "resamples": 0,
    "workers": 1,
    "cpus_per_worker": 1.0,
    "gpus_per_worker": 0.0,
    "loader_processes": 0,
    "address": None,
    "dashboard": False,
    "experiment": "longtail",
}


def run_request(toy_set: Path, runs: Path, **changes: Any) -> RunRequest:
    files: dict[str, Any] = {
        "train": toy_set / "train.json",
        "val": toy_set / "val.json",
        "images": toy_set / "images",
        "runs": runs,
    }
    return RunRequest(**{**DEFAULTS, **files, **changes})
