"""What trials are worth over new seeds, and by how much they fell from the sweep's single run."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scipy.stats import t

from longtail.evaluation.uncertainty.seeds import aggregate_seeds
from longtail.metrics import UNDEFINED, points_text

LEVEL = 0.95


@dataclass(frozen=True)
class FreshRuns:
    """A metric of a trial over fresh seeds, as fractions.

    Attributes:
        in_sweep: Its value in the sweep; None where undefined.
        by_seed: Its value by fresh seed, of the runs that finished.
        mean: Mean over the fresh seeds; None without one.
        sd: Standard deviation of a single run (divided by n - 1); None below two runs.
        low: Lower end of the interval of Student's t for the mean; None below two runs.
        high: Upper end.
        fell_by: Value in the sweep - mean.
    """

    in_sweep: float | None
    by_seed: dict[int, float]
    mean: float | None
    sd: float | None
    low: float | None
    high: float | None
    fell_by: float | None


@dataclass(frozen=True)
class ReevaluatedTrial:
    """A trial that was run again.

    Attributes:
        number: The trial's.
        point: Its values by path.
        metrics: What its runs say, by metric.
    """

    number: int
    point: dict[str, Any]
    metrics: dict[str, FreshRuns]


@dataclass(frozen=True)
class Reevaluation:
    """Trials of a sweep that were run again with fresh seeds.

    Attributes:
        metrics: The sweep's, the first one decides.
        seeds: The fresh seeds.
        num_candidates: Trials that these are the best of: those with an evaluation.
        trials: In the order of the sweep, the best first.
        grid: Name of the grid that ran them.
        problems: Failed runs, and what MLflow lacks.
    """

    metrics: tuple[str, ...]
    seeds: tuple[int, ...]
    num_candidates: int
    trials: tuple[ReevaluatedTrial, ...]
    grid: str
    problems: tuple[str, ...] = ()

    @property
    def best(self) -> int | None:
        """Number of the trial with the highest mean of the first metric; None without a run."""
        means = {
            trial.number: mean
            for trial in self.trials
            if (mean := trial.metrics[self.metrics[0]].mean) is not None
        }
        return max(means, key=lambda number: means[number], default=None)

    @property
    def warning(self) -> str:
        """What to keep in mind about the values in the sweep."""
        if not self.trials:
            return "No trial finished; there is nothing to confirm."
        if self.num_candidates == 1:
            return "The sweep ran one trial once. Report the mean over the fresh seeds."
        return (
            f"The best of {self.num_candidates} single runs is in part the luckiest of them: its"
            " value in the sweep is biased upwards. Report the mean over the fresh seeds."
        )

    @property
    def finding(self) -> str:
        """What became of the sweep's best trial, and which one is the best now; empty without."""
        best = self.best
        if best is None:
            return ""
        metric, first = self.metrics[0], self.trials[0]
        runs = first.metrics[metric]
        sentences = []
        if runs.in_sweep is not None and runs.mean is not None and runs.fell_by is not None:
            moved = "fell" if runs.fell_by >= 0 else "rose"
            sentences.append(
                f"Trial {first.number}, the best in the sweep, {moved} by"
                f" {points_text(abs(runs.fell_by))} points, from"
                f" {metric} {points_text(runs.in_sweep)} to {points_text(runs.mean)}."
            )
        if best != first.number:
            mean = next(t.metrics[metric].mean for t in self.trials if t.number == best)
            assert mean is not None
            sentences.append(
                f"Trial {best} is the best over the fresh seeds, {metric} {points_text(mean)}."
            )
        elif len(self.trials) > 1:
            sentences.append("It is still the best.")
        return " ".join(sentences)


def fresh_runs(in_sweep: float, by_seed: Mapping[int, float]) -> FreshRuns:
    """Statistics of a metric over fresh seeds.

    Args:
        in_sweep: Value in the sweep, a fraction, -1 where undefined.
        by_seed: Values of the finished runs; -1 where undefined.
    """
    before = None if in_sweep == UNDEFINED else in_sweep
    defined = {seed: value for seed, value in by_seed.items() if value != UNDEFINED}
    if not defined:
        return FreshRuns(before, {}, None, None, None, None, None)
    statistic = aggregate_seeds([{"value": value} for value in defined.values()]).metrics["value"]
    low, high = _interval(statistic.mean, statistic.sd, statistic.n)
    fell_by = None if before is None else before - statistic.mean
    return FreshRuns(before, defined, statistic.mean, statistic.sd, low, high, fell_by)


def _interval(mean: float, sd: float | None, number: int) -> tuple[float | None, float | None]:
    """Student's t: mean -+ t(n - 1, 97.5 %) sd / sqrt(n)."""
    if sd is None:
        return None, None
    _, quantile = t.interval(LEVEL, number - 1)
    half = float(quantile) * sd / math.sqrt(number)
    return mean - half, mean + half
