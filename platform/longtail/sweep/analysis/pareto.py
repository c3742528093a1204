"""The trials to choose from where several metrics count."""

from collections.abc import Sequence

import numpy as np

from longtail.metrics import UNDEFINED
from longtail.search.pareto import non_dominated
from longtail.sweep.trial import Trial


def pareto_front(trials: Sequence[Trial], metrics: Sequence[str]) -> list[Trial]:
    """The finished trials that no other one dominates, by falling first metric.

    A trial dominates another one if it is as good in every metric and better in one: equal trials
    stay together. A trial in which a metric is undefined is left out.
    """
    candidates = [
        trial
        for trial in trials
        if trial.state == "finished"
        and all(trial.metrics.get(metric, UNDEFINED) != UNDEFINED for metric in metrics)
    ]
    values = [[trial.metrics[metric] for metric in metrics] for trial in candidates]
    array = np.array(values, dtype=np.float64).reshape(len(candidates), len(metrics))
    return [candidates[place] for place in non_dominated(array, keep_equal=True).tolist()]
