"""Calibration error by frequency group: how far scores are from the precision of detections.

Detection expected calibration error (Kueppers et al., Multivariate Confidence Calibration for
Object Detection, CVPRW 2020) over the score alone and over judged detections only.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.evaluation.diagnosis.judged_detections import JudgedDetections
from longtail.metrics import UNDEFINED

NUM_BINS = 10


@dataclass(frozen=True)
class ReliabilityBin:
    """Detections of one range of scores.

    Attributes:
        low: Lowest score of the bin; the highest is `low` + 0.1, which belongs to the next bin
            except for a score of 1.
        count: Detections.
        mean_score: Their mean score, -1 for an empty bin.
        precision: Fraction of them that are true positives, -1 for an empty bin.
    """

    low: float
    count: int
    mean_score: float
    precision: float


@dataclass(frozen=True)
class Calibration:
    """D-ECE of a group of categories: the mean of |precision - mean score| weighted by count.

    Attributes:
        error: In [0, 1], -1 without a detection.
        bins: The ten bins.
    """

    error: float
    bins: tuple[ReliabilityBin, ...]


def calibration_by_group(
    detections: JudgedDetections, categories: CategoryTable
) -> dict[str, Calibration]:
    """Calibration of all categories and of r, c, f at the first threshold.

    Detections that are neither true nor false positives are left out.
    """
    true_positive = detections.true_positives()
    counts = true_positive | detections.false_positives()
    letters = categories.frequency[detections.label]
    groups = {"all": counts} | {name: counts & (letters == name) for name in FREQUENCY_GROUPS}
    return {
        name: calibration(detections.score[rows], true_positive[rows])
        for name, rows in groups.items()
    }


def calibration(score: NDArray[np.float64], true_positive: NDArray[np.bool_]) -> Calibration:
    """Calibration of scores.

    Args:
        score: (D,) in [0, 1].
        true_positive: (D,) whether a detection is one.
    """
    number = np.minimum((score * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    counts = np.bincount(number, minlength=NUM_BINS)
    means = np.bincount(number, score, NUM_BINS) / np.maximum(counts, 1)
    precisions = np.bincount(number, true_positive, NUM_BINS) / np.maximum(counts, 1)
    gaps = np.abs(precisions - means)
    error = float((gaps * counts).sum() / counts.sum()) if len(score) else UNDEFINED
    means[counts == 0] = precisions[counts == 0] = UNDEFINED
    columns = counts.tolist(), means.tolist(), precisions.tolist()
    lows = [number / NUM_BINS for number in range(NUM_BINS)]
    return Calibration(
        error, tuple(ReliabilityBin(*row) for row in zip(lows, *columns, strict=True))
    )
