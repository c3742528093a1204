"""A made-up experiment in MLflow: a grid of rows over seeds, and a sweep, as ours are published."""

import math
from pathlib import Path

from longtail.evaluation.recording.metrics import ROW_TAG, TRIAL
from longtail.tracking.parent_run import ParentRun
from longtail.tracking.tracker import VARIANT_TAG, NodeRecord

EXPERIMENT = "made up"
VARIANTS = ("sigmoid", "eql", "eql <b>rfs</b>", "eql_rfs_calibrated")
SEEDS = (0, 1, 2)
TRIALS = 12
LAMBDA, ALPHA = "stages.1.classifier.lambda", "stages.1.sampler.alpha"


def row_points(variant: int, seed: int) -> dict[str, float]:
    """Metrics of a row, in points."""
    ap = 20 + 2 * variant + 0.25 * seed
    groups = {"AP": ap, "APr": 4 * variant + seed, "APc": ap - 1, "APf": ap + 4}
    masks = {f"val/{name}": value for name, value in groups.items()}
    ends = {"val/AP_low": ap - 0.75, "val/AP_high": ap + 0.75}
    return {**masks, **ends, "val_box/AP": ap + 1.5, "val/gap_box_mask": 1.5}


def make_grid(runs: Path, experiment: str = EXPERIMENT) -> ParentRun:
    """Publish a grid: each variant with each seed, and a training that is no row."""
    parent = ParentRun("aaaaaaaaaaaa", "made grid", "grid", experiment, runs)
    training = NodeRecord("stage-0", "sigmoid training", {}, {})
    parent.publish_child(training, [{"step": 1, "time": 1.0, "val/AP": 99.0}], {}, "FINISHED")
    for number, variant in enumerate(VARIANTS):
        for seed in SEEDS:
            name = f"{variant} seed {seed}"
            params = {"stages.0.classifier.name": variant.split("_")[0], "seed": seed}
            tags = {"longtail.variant": name, "longtail.seed": str(seed)}
            record = NodeRecord(
                f"evaluation-{number}{seed}", name, params, {**tags, VARIANT_TAG: variant}
            )
            line = {"step": 0, "time": 1.0, **row_points(number, seed)}
            parent.publish_finished(record, line, {ROW_TAG: "variant"})
    return parent


def make_sweep(runs: Path, experiment: str = EXPERIMENT) -> None:
    """Publish a sweep of two numbers, one of them drawn by its logarithm."""
    sweep = "bbbbbbbbbbbb"
    parent = ParentRun(sweep, "made sweep", "sweep", experiment, runs)
    for trial in range(TRIALS):
        rare, alpha = 10.0 ** (-4 + trial % 4), 0.25 * (trial // 4)
        params = {LAMBDA: rare, ALPHA: alpha, "log10_lambda": round(math.log10(rare), 4)}
        ap = 24 - (trial % 4 - 2) ** 2 - 4 * (alpha - 0.25) ** 2
        line = {"step": 0, "time": 1.0, "val/AP": ap, "val/APr": ap - 9}
        record = NodeRecord(f"evaluation-t{trial}", f"trial {trial}", params, {})
        tags = {f"longtail.sweep.{sweep}": str(trial), ROW_TAG: TRIAL, "longtail.seed": "0"}
        parent.publish_finished(record, line, tags)
