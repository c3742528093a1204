"""The trials to choose from where several metrics count."""

from collections.abc import Sequence

from longtail.metrics import UNDEFINED
from longtail.sweep.trial import Trial


def pareto_front(trials: Sequence[Trial], metrics: Sequence[str]) -> list[Trial]:
    """The finished trials that no other one dominates, by falling first metric.

    A trial dominates another one if it is as good in every metric and better in one: equal trials
    stay together. A trial in which a metric is undefined is left out.
    """
    values = {
        trial.number: tuple(trial.metrics[metric] for metric in metrics)
        for trial in trials
        if trial.state == "finished"
        and all(trial.metrics.get(metric, UNDEFINED) != UNDEFINED for metric in metrics)
    }
    candidates = [trial for trial in trials if trial.number in values]
    candidates.sort(key=lambda trial: tuple(-value for value in values[trial.number]))
    front: list[Trial] = []
    # What dominates a trial comes before it, or is dominated itself by one that does.
    for trial in candidates:
        if not any(_dominates(values[other.number], values[trial.number]) for other in front):
            front.append(trial)
    return front


def _dominates(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one != other and all(a >= b for a, b in zip(one, other, strict=True))
