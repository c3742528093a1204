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
class SeedDifference:
    """How two settings differ over the seeds that both were trained with.

    Attributes:
        mean: Mean of the differences of runs of the same seed, a fraction.
        low: Lower end of its 95 % interval.
        high: Upper end.
        n: Seeds.
    """

    mean: float
    low: float
    high: float
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


def seed_difference(a: Sequence[float], b: Sequence[float]) -> SeedDifference:
    """The mean of b - a over seeds, with Student's 95 % interval of paired differences.

    With two seeds that is 12.7 standard errors on either side: two runs say little.

    Args:
        a: A metric of one setting, a run for each seed.
        b: Of the other, with the same seeds in the same order.

    Raises:
        ValueError: There are fewer than two seeds, or not as many of both.
    """
    from scipy.special import stdtrit

    if len(a) != len(b) or len(a) < 2:
        raise ValueError(f"{len(a)} and {len(b)} runs; give two or more, of the same seeds")
    differences = np.subtract(b, a)
    n, mean = len(differences), float(np.mean(differences))
    half = float(stdtrit(n - 1, 0.975) * np.std(differences, ddof=1) / math.sqrt(n))
    return SeedDifference(mean, mean - half, mean + half, n)


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
