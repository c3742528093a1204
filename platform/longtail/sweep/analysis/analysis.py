"""What is known about a sweep once it has trials."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from longtail.config.variant import Variant
from longtail.sweep.analysis.axis import Axis, labels_of
from longtail.sweep.analysis.comparable_trials import ComparableTrials, comparable_trials
from longtail.sweep.analysis.importance import Importances, importances
from longtail.sweep.analysis.margin_file import MarginResults
from longtail.sweep.analysis.margin_maps import MarginMaps, margin_maps
from longtail.sweep.analysis.marginals import HeatMap, Marginal, heat_map, marginal
from longtail.sweep.analysis.pareto import pareto_front
from longtail.sweep.analysis.reevaluation import Reevaluation
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial, ranked

FEW_PATHS = 3
"""Up to so many paths every pair of them has a heat map, else the two most important ones; up to so
many each has one with margins on scores, else the most important one."""


@dataclass(frozen=True)
class MetricAnalysis:
    """What one metric says about the searched paths.

    Attributes:
        metric: Its name.
        comparable: The trials that it is said of.
        importances: What each path explains.
        marginals: Means along each path.
        heat_maps: Means over pairs of paths.
    """

    metric: str
    comparable: ComparableTrials
    importances: Importances
    marginals: tuple[Marginal, ...]
    heat_maps: tuple[HeatMap, ...]


@dataclass(frozen=True)
class Analysis:
    """What is known about a sweep.

    Attributes:
        sweep: What was searched.
        trials: All of them, by number.
        ranking: Those with an evaluation, the best first: finished ones, then others.
        base: The base variant's values by searched path.
        axes: The searched paths in fine bins, for the marginals.
        coarse: The same in coarse bins, for the heat maps.
        of_metrics: In the order of the sweep's metrics.
        pareto: Numbers of the trials that no other one dominates, where there are several metrics.
        reevaluation: Runs of the best with fresh seeds.
        margins: Metrics over searched paths and margins on scores; None where no trial has them.
    """

    sweep: Sweep
    trials: tuple[Trial, ...]
    ranking: tuple[Trial, ...]
    base: dict[str, Any]
    axes: dict[str, Axis]
    coarse: dict[str, Axis]
    of_metrics: tuple[MetricAnalysis, ...]
    pareto: tuple[int, ...]
    reevaluation: Reevaluation | None
    margins: MarginMaps | None

    @property
    def best(self) -> Trial | None:
        """The finished trial with the highest first metric in the sweep."""
        first = self.ranking[0] if self.ranking else None
        return first if first is not None and first.state == "finished" else None


def analyse(
    sweep: Sweep,
    trials: Sequence[Trial],
    reevaluation: Reevaluation | None = None,
    margins: MarginResults | None = None,
) -> Analysis:
    """Work out everything that the report and the file show."""
    axes = _axes(sweep, _num_bins(len(trials)))
    coarse = _axes(sweep, _num_coarse_bins(len(trials)))
    of_metrics = tuple(_of_metric(sweep, trials, name, axes, coarse) for name in sweep.metrics)
    pareto = pareto_front(trials, sweep.metrics) if len(sweep.metrics) > 1 else []
    across = [coarse[path] for path in _alone(list(axes), of_metrics[0].importances)]
    return Analysis(
        sweep,
        tuple(sorted(trials, key=lambda trial: trial.number)),
        tuple(
            trial for trial in ranked(list(trials), sweep.metrics[0]) if trial.intermediate_values
        ),
        {path: _value_of(sweep.base, path) for path in sweep.space.dimensions},
        axes,
        coarse,
        of_metrics,
        tuple(trial.number for trial in pareto),
        reevaluation,
        None if margins is None else margin_maps(sweep, trials, margins, across),
    )


def _axes(sweep: Sweep, num_bins: int) -> dict[str, Axis]:
    dimensions = sweep.space.dimensions
    labels = labels_of(dimensions)
    return {path: Axis(path, labels[path], area, num_bins) for path, area in dimensions.items()}


def _of_metric(
    sweep: Sweep,
    trials: Sequence[Trial],
    metric: str,
    axes: Mapping[str, Axis],
    coarse: Mapping[str, Axis],
) -> MetricAnalysis:
    level = comparable_trials(trials, metric)
    importance = importances(sweep.space, trials, level)
    return MetricAnalysis(
        metric,
        level,
        importance,
        tuple(marginal(axis, trials, level.values) for axis in axes.values()),
        tuple(
            heat_map(coarse[across], coarse[down], trials, level.values)
            for across, down in _pairs(list(axes), importance)
        ),
    )


def _pairs(paths: Sequence[str], importance: Importances) -> list[tuple[str, str]]:
    if len(paths) <= FEW_PATHS:
        return list(combinations(paths, 2))
    first, second = _by_importance(paths, importance)[:2]
    return [(first, second)]


def _alone(paths: Sequence[str], importance: Importances) -> list[str]:
    most = _by_importance(paths, importance)
    return most if len(most) <= FEW_PATHS else most[:1]


def _by_importance(paths: Sequence[str], importance: Importances) -> list[str]:
    """The path that explains most first; in their own order where that cannot be said."""
    return list(importance.shares or paths)


def _num_bins(num_trials: int) -> int:
    """Bins of a range in a marginal."""
    return min(max(round(math.sqrt(num_trials)), 3), 8)


def _num_coarse_bins(num_trials: int) -> int:
    """Bins of a range on each side of a heat map."""
    return min(max(round(math.sqrt(num_trials / 3)), 2), 6)


def _value_of(base: Variant, path: str) -> Any:
    """A section that is a component at its defaults is its name, as in a list of choices."""
    node: Any = base.model_dump(mode="json")
    for word in path.split("."):
        node = node[int(word)] if isinstance(node, list) else node[word]
    if isinstance(node, dict) and "name" in node:
        return node["name"] if base.override({path: node["name"]}) == base else node
    return node
