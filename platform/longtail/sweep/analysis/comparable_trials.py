"""Which trials of a sweep are held against each other, and after how many iterations.

Trials that a scheduler stopped early have lower metrics because they learned for less long. What is
said about the searched values is said of trials after the same number of iterations.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longtail.metrics import UNDEFINED
from longtail.sweep.trial import Trial

ENOUGH = 10
"""Trials that are enough to prefer a later evaluation to an earlier one of more trials."""


@dataclass(frozen=True)
class ComparableTrials:
    """Trials after the same number of iterations.

    Attributes:
        step: Iterations of the last stage; of finished trials the most, 0 without a trial.
        finished: Whether they are the finished trials.
        values: The metric by trial number, a fraction.
    """

    step: int
    finished: bool
    values: dict[int, float]

    @property
    def words(self) -> str:
        """Which and how many, for people."""
        trials = "trial" if len(self.values) == 1 else "trials"
        if self.finished:
            return f"{len(self.values)} finished {trials}"
        return f"{len(self.values)} {trials} after {self.step:,} iterations of the last stage"


def comparable_trials(trials: Sequence[Trial], metric: str) -> ComparableTrials:
    """The latest evaluation that `ENOUGH` trials reached, else the one that most reached."""
    levels = list(_levels(trials, metric))
    enough = next((level for level in levels if len(level.values) >= ENOUGH), None)
    return enough or max(levels, key=lambda level: len(level.values))


def _levels(trials: Sequence[Trial], metric: str) -> Iterator[ComparableTrials]:
    """From the latest evaluation to the first."""
    finished = [trial for trial in trials if trial.state == "finished"]
    values = {trial.number: trial.metrics.get(metric, UNDEFINED) for trial in finished}
    last = max((trial.step for trial in finished), default=0)
    yield ComparableTrials(last, True, _defined(values))
    others = [trial for trial in trials if trial.state != "finished"]
    for step in sorted(
        {rung.step for trial in others for rung in trial.intermediate_values}, reverse=True
    ):
        values = {
            trial.number: rung.metrics.get(metric, UNDEFINED)
            for trial in trials
            for rung in trial.intermediate_values
            if rung.step == step
        }
        yield ComparableTrials(step, False, _defined(values))


def _defined(values: dict[int, float]) -> dict[int, float]:
    return {number: value for number, value in values.items() if value != UNDEFINED}
