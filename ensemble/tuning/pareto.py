"""The merges that no other one beats in every metric at once: what AP costs APr, and the reverse.

All margins of all trials are candidates, judged on the half that is tuned on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ensemble.tuning.journal import Trial
from ensemble.tuning.objective.margins import MarginTrials
from longtail.search.pareto import non_dominated

MOST_PARETO_MERGES = 10


@dataclass(frozen=True)
class Candidate:
    """One merge: a trial with some of its margins.

    Attributes:
        trial: The trial.
        rare_margin: Of this merge.
        common_margin: Of this merge.
        metrics: Fractions on the half that is tuned on.
    """

    trial: Trial
    rare_margin: float
    common_margin: float
    metrics: dict[str, float]


def objectives(wanted: Sequence[str]) -> tuple[str, ...]:
    """The metrics of the front: those wanted, and beside a single one APr, or AP beside APr."""
    if len(wanted) > 1:
        return tuple(wanted)
    return wanted[0], "AP" if wanted[0] == "APr" else "APr"


def front(
    trials: Sequence[Trial], margins: Sequence[MarginTrials], names: Sequence[str]
) -> list[Candidate]:
    """The candidates that none beats in all of the metrics, by falling first metric.

    Of candidates that are equal in all of them, the first is there.

    Args:
        trials: Finished trials; those that failed have no margins.
        margins: What was tried on each.
        names: The metrics.
    """
    sizes = [len(tried) for tried in margins]
    values = np.array([[v for tried in margins for v in tried.metrics.get(n, ())] for n in names]).T
    places = np.concatenate([np.arange(size) for size in sizes]) if sizes else np.zeros(0, np.int64)
    owners = np.repeat(np.arange(len(trials)), sizes)
    return [
        _candidate(trials[owners[i]], margins[owners[i]], int(places[i]))
        for i in non_dominated(values, keep_equal=False).tolist()
    ]


def thinned(merges: Sequence[Candidate], names: Sequence[str]) -> list[Candidate]:
    """At most `MOST_PARETO_MERGES` of a front: the best of every metric, others evenly along it."""
    best = {max(range(len(merges)), key=lambda i: (merges[i].metrics[name], -i)) for name in names}
    even = np.linspace(0, len(merges) - 1, MOST_PARETO_MERGES).round().astype(np.int64).tolist()
    chosen = list(dict.fromkeys([*sorted(best), *even]))[:MOST_PARETO_MERGES]
    return [merges[i] for i in sorted(chosen)]


def _candidate(trial: Trial, margins: MarginTrials, place: int) -> Candidate:
    metrics = margins.metrics_at(place)
    return Candidate(trial, margins.rare[place], margins.common[place], metrics)
