"""Sweeps and trials that nothing was run for."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from longtail.cluster.nodes.plan import DataFiles
from longtail.config.classifiers import Equalization
from longtail.config.search_space import Dimension, Integer, LogUniform, SearchSpace, Uniform
from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.sweep.request import Scheduler, Sweep
from longtail.sweep.trial import Rung, Trial

LAST = Stage(classifier=Equalization(tail_frequency=0.00177), recreate=("classifier",))
BASE = Variant(stages=(Stage(), LAST))
LAMBDA = "stages.1.classifier.tail_frequency"
MASK = "stages.1.loss_weights.mask"
DETECTIONS = "inference.detections_per_image"
DIMENSIONS: dict[str, Dimension] = {
    LAMBDA: LogUniform(1e-4, 1e-1),
    MASK: Uniform(0.25, 4.0),
    DETECTIONS: Integer(100, 500),
}


def sweep_of(
    dimensions: Mapping[str, Dimension] = DIMENSIONS,
    metrics: tuple[str, ...] = ("AP",),
    scheduler: Scheduler = "none",
) -> Sweep:
    """Of a base variant of two stages, on no files."""
    data = DataFiles(Path("train.json"), Path("val.json"), Path("images"), "a" * 64, "b" * 64)
    space = SearchSpace(dimensions)
    return Sweep(BASE, space, data, "random", 8, metrics, scheduler, 3, 3, 0, 0)


def trial_of(
    number: int,
    metrics: Mapping[str, float] | float,
    point: Mapping[str, Any] | None = None,
    state: Literal["finished", "stopped", "failed"] = "finished",
    step: int = 900,
) -> Trial:
    """A trial with one evaluation; a number is its AP."""
    values = {"AP": metrics} if isinstance(metrics, float) else dict(metrics)
    curve = [Rung(step, values)]
    name = f"{number:012x}"
    return Trial(number, dict(point or {}), state, curve, f"t{name}", f"e{name}", 0.5)


def halved_trials(sweep: Sweep, number: int, seed: int = 0) -> list[Trial]:
    """Random trials of which successive halving keeps every third, at 100, 300 and 900 steps.

    AP is best at lambda 0.002 and at a mask loss weight of 1; a fifth of it is chance.
    """
    rng = np.random.default_rng(seed)
    trials = []
    for place, point in enumerate(sweep.space.random(number, seed)):
        quality = 0.28 + 0.01 * rng.standard_normal()
        if LAMBDA in point:
            quality -= 0.03 * (math.log10(point[LAMBDA]) - math.log10(0.002)) ** 2
        if MASK in point:
            quality -= 0.01 * (point[MASK] - 1.0) ** 2
        rare = quality - 0.1 + 0.02 * rng.standard_normal()
        curve = [
            Rung(step, {"AP": share * quality, "APr": share * rare, "APc": -1.0})
            for step, share in ((100, 0.5), (300, 0.8), (900, 1.0))
        ]
        trials.append(
            Trial(place, dict(point), "finished", curve, f"t{place}", f"e{place}", 0.125 * place)
        )
    return trials if sweep.scheduler == "none" else [*_halved(trials)]


def _halved(trials: list[Trial]) -> list[Trial]:
    order = sorted(trials, key=lambda trial: -trial.metrics["AP"])
    kept = {}
    for rank, trial in enumerate(order):
        rungs = 3 if rank < len(order) / 9 else 2 if rank < len(order) / 3 else 1
        state: Literal["finished", "stopped"] = "finished" if rungs == 3 else "stopped"
        kept[trial.number] = Trial(
            trial.number,
            trial.point,
            state,
            trial.intermediate_values[:rungs],
            trial.training,
            trial.evaluation,
            trial.hours * rungs / 3,
        )
    return [kept[trial.number] for trial in trials]
