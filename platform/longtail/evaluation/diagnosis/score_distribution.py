"""Scores of true and of false positives by frequency group: quantiles and histograms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.evaluation.diagnosis.judged_detections import JudgedDetections

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NUM_BINS = 20


@dataclass(frozen=True)
class ScoreDistribution:
    """Scores of some detections.

    Attributes:
        count: How many.
        quantiles: Scores below which 5, 25, 50, 75, 95 % lie (numpy's linear interpolation);
            empty without detections.
        histogram: Counts in 20 bins of equal width over [0, 1]; a score of 1 is in the last.
    """

    count: int
    quantiles: tuple[float, ...]
    histogram: tuple[int, ...]


def scores_by_group(
    detections: JudgedDetections, categories: CategoryTable
) -> dict[str, dict[str, ScoreDistribution]]:
    """Distributions by group (all, r, c, f) of true positives (`right`) and false ones (`wrong`).

    Both are those of the first threshold; what is neither is left out.
    """
    letters = categories.frequency[detections.label]
    everything = np.ones(len(detections), dtype=np.bool_)
    groups = {"all": everything} | {name: letters == name for name in FREQUENCY_GROUPS}
    kinds = {"right": detections.true_positives(), "wrong": detections.false_positives()}
    return {
        name: {kind: distribution(detections.score[rows & of]) for kind, of in kinds.items()}
        for name, rows in groups.items()
    }


def distribution(score: NDArray[np.float64]) -> ScoreDistribution:
    """Quantiles and histogram of (D,) scores in [0, 1]."""
    histogram, _ = np.histogram(score, NUM_BINS, (0.0, 1.0))
    quantiles = np.quantile(score, QUANTILES).tolist() if len(score) else []
    return ScoreDistribution(len(score), tuple(quantiles), tuple(histogram.tolist()))
