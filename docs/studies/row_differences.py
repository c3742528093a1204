"""What the rows of a study amount to: means over seeds, and differences with both kinds of chance.

S seeds, B resamples of the validation images. A mean over seeds differs from what many seeds and
many images would give for two reasons. The images: the mean is taken again on resampled images, all
rows and seeds on the same ones. The training runs: the standard deviation over seeds, by sqrt(S).
Of a difference the standard error is the root of the sum of both squares; with three seeds a
standard deviation is itself uncertain, and the one used here is pooled over all pairs of rows.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import Plan, Row
from longtail.evaluation.metrics.matches.files import read_matches
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.uncertainty.bootstrap import interval, resampled_metrics, whole_metrics
from longtail.metrics import GROUP_METRICS

LEVEL = 0.95
RESAMPLES = 1000
NORMAL_QUANTILE = 1.96
"""Half the width of the interval, in standard errors."""


@dataclass(frozen=True)
class Runs:
    """One row, judged.

    Attributes:
        seeds: S of them.
        metrics: (S, 4) AP, APr, APc, APf on all images, fractions.
        drawn: (S, B, 4) the same on resampled images, which are those of every row.
    """

    seeds: tuple[int, ...]
    metrics: NDArray[np.float64]
    drawn: NDArray[np.float64]


@dataclass(frozen=True)
class RowMean:
    """One metric of a row over its seeds, a fraction; the interval is over images."""

    mean: float
    sd: float
    low: float
    high: float
    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class PairDifference:
    """One metric's difference after - before of two rows, of the same seeds.

    Attributes:
        mean: Over seeds, a fraction.
        by_seed: Of each seed.
        sd: Over seeds, of this pair alone.
        image_error: Standard error by the choice of images.
        seed_error: Standard error by the training runs, pooled over all pairs.
        low: Lower end of the interval with both.
        high: Upper end.
        real: The interval excludes 0.
    """

    mean: float
    by_seed: tuple[float, ...]
    sd: float
    image_error: float
    seed_error: float
    low: float
    high: float
    real: bool


def runs_of(
    rows: Sequence[Row], tables: Sequence[MatchTable], resamples: int = RESAMPLES
) -> dict[str, Runs]:
    """The judged rows of a finished plan, by name of the variant.

    Args:
        rows: Of the plan.
        tables: What matching found of each, on the same annotations.
        resamples: B.
    """
    drawn = resampled_metrics(tables, resamples, seed=0)
    metrics = np.array([whole_metrics(table) for table in tables])
    return {
        name: Runs(tuple(rows[i].variant.seed for i in places), metrics[places], drawn[places])
        for name, places in _places(rows).items()
    }


def mask_matches(plan: Plan, runs: Path) -> list[MatchTable]:
    """What matching found of the masks of each row of a finished plan."""
    categories = CategoryTable.from_json(plan.data.val)
    return [
        read_matches(node_directory(runs, row.evaluation), categories)["segm"] for row in plan.rows
    ]


def row_means(of: Runs) -> dict[str, RowMean]:
    """Every metric of a row."""
    means = {}
    for column, metric in enumerate(GROUP_METRICS):
        values = of.metrics[:, column]
        bounds = interval(float(values.mean()), of.drawn[:, :, column].mean(axis=0), LEVEL)
        means[metric] = RowMean(
            bounds.value, _sd(values), bounds.low, bounds.high, tuple(values.tolist())
        )
    return means


def pair_differences(
    runs: Mapping[str, Runs], pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, PairDifference]]:
    """Every metric's difference of every pair of rows.

    Raises:
        ValueError: The rows of a pair do not have the same two or more seeds.
    """
    for before, after in pairs:
        if runs[before].seeds != runs[after].seeds or len(runs[before].seeds) < 2:
            raise ValueError(f"{before}, {after}: both need the same two or more seeds")
    found: dict[tuple[str, str], dict[str, PairDifference]] = {pair: {} for pair in pairs}
    if not pairs:
        return found
    for column, metric in enumerate(GROUP_METRICS):
        values = {(a, b): (runs[b].metrics - runs[a].metrics)[:, column] for a, b in pairs}
        pooled = math.sqrt(np.mean([of.var(ddof=1) for of in values.values()]))
        for (a, b), of in values.items():
            drawn = (runs[b].drawn - runs[a].drawn)[:, :, column].mean(axis=0)
            found[a, b][metric] = _difference(of, drawn, pooled)
    return found


def _difference(
    values: NDArray[np.float64], drawn: NDArray[np.float64], pooled_sd: float
) -> PairDifference:
    mean = float(values.mean())
    image_error = interval(mean, drawn, LEVEL).standard_error
    seed_error = pooled_sd / math.sqrt(len(values))
    half = NORMAL_QUANTILE * math.hypot(image_error, seed_error)
    return PairDifference(
        mean=mean,
        by_seed=tuple(values.tolist()),
        sd=_sd(values),
        image_error=image_error,
        seed_error=seed_error,
        low=mean - half,
        high=mean + half,
        real=abs(mean) > half,
    )


def _places(rows: Sequence[Row]) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        places.setdefault(row.variant_name, []).append(i)
    return places


def _sd(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan
