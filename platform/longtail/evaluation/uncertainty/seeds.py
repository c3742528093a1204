"""Metrics of one setting trained several times with different seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from longtail.metrics import UNDEFINED

# detectron2's ViTDet README: standard deviation over five seeds of box and mask AP on LVIS.
SINGLE_RUN_SD = 0.0030
# Twice the standard deviation of the difference of two single runs.
SINGLE_RUN_NOISE = 2 * math.sqrt(2) * SINGLE_RUN_SD


@dataclass(frozen=True)
class SeedStatistic:
    """A metric over several runs.

    Attributes:
        mean: Mean over the runs, a fraction.
        sd: Standard deviation of a single run (divided by n - 1); None for one run.
        n: Runs in which the metric is defined.
    """

    mean: float
    sd: float | None
    n: int


@dataclass(frozen=True)
class SeedSummary:
    """Statistics by metric, and what to keep in mind about them ("" if nothing)."""

    metrics: dict[str, SeedStatistic]
    note: str


def aggregate_seeds(runs: Sequence[Mapping[str, float]]) -> SeedSummary:
    """Mean, standard deviation and number of runs of each metric.

    Args:
        runs: Metrics of each run, fractions as in `Evaluation.segm`: -1 is undefined and left out,
            and so is a metric that a run does not have.

    Raises:
        ValueError: There is no run, or a value is not finite.
    """
    if not runs:
        raise ValueError("no runs to aggregate; give the metrics of at least one")
    values: dict[str, list[float]] = {}
    for number, run in enumerate(runs):
        for name, value in run.items():
            if not math.isfinite(value):
                raise ValueError(
                    f"run {number}: {name} is {value}; leave undefined metrics out or give -1"
                )
            if value != UNDEFINED:
                values.setdefault(name, []).append(value)
    metrics = {name: _statistic(of_runs) for name, of_runs in values.items()}
    return SeedSummary(metrics, _note(metrics))


def _statistic(values: list[float]) -> SeedStatistic:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return SeedStatistic(float(np.mean(values)), sd, len(values))


def _note(metrics: Mapping[str, SeedStatistic]) -> str:
    if all(statistic.n > 1 for statistic in metrics.values()):
        return ""
    return (
        f"single runs: differences below {100 * SINGLE_RUN_NOISE:.2f} points AP are noise "
        f"(2 standard deviations, at {100 * SINGLE_RUN_SD:.2f} a run as seen on LVIS)"
    )
