"""The thirteen LVIS metrics out of precision and recall curves.

T = 10 IoU thresholds 0.50..0.95, R = 101 recall levels, K categories, A = 4 area ranges (all,
small, medium, large). -1 stands where a category has no ground truth in an area range.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.metrics import UNDEFINED

NUM_THRESHOLDS, NUM_RECALLS = 10, 101
AREA_RANGES = ("all", "small", "medium", "large")
AP50, AP75 = 0, 5
IDENTITY_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Curves:
    """What matching leaves of the detections.

    Attributes:
        precision: (T, R, K, A) interpolated precision in [0, 1], or -1.
        recall: (T, K, A) highest recall in [0, 1], or -1.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]

    @classmethod
    def undefined(cls, num_categories: int) -> "Curves":
        """Curves of an evaluation that cannot be made, such as masks against boxes."""
        shape = (NUM_THRESHOLDS, NUM_RECALLS, num_categories, len(AREA_RANGES))
        recall_shape = (shape[0], *shape[2:])
        return cls(np.full(shape, UNDEFINED), np.full(recall_shape, UNDEFINED))


@dataclass(frozen=True, eq=False)
class Summary:
    """What a report shows of curves, which are much larger.

    Attributes:
        metrics: The thirteen metrics, as fractions.
        ap: (K,) AP of each category, -1 without ground truth.
    """

    metrics: dict[str, float]
    ap: NDArray[np.float64]

    @classmethod
    def of(cls, curves: Curves, categories: CategoryTable, max_dets: int) -> "Summary":
        """Reduce curves; `max_dets` names the recalls."""
        return cls(summarize(curves, categories, max_dets), ap_per_category(curves))

    def identity_error(self, categories: CategoryTable) -> float:
        """How far AP is from the mean of APr, APc, APf weighted by their occurring categories.

        More than `IDENTITY_TOLERANCE` is no rounding: the evaluation itself is wrong.
        """
        counts = [int((self.ap[categories.group(g)] > UNDEFINED).sum()) for g in FREQUENCY_GROUPS]
        means = [self.metrics[f"AP{letter}"] for letter in FREQUENCY_GROUPS]
        return abs(count_weighted_mean(means, counts) - self.metrics["AP"])


def undefined_like(summary: Summary) -> Summary:
    """The same with -1 for every value, for what cannot be evaluated: masks against boxes."""
    return Summary(dict.fromkeys(summary.metrics, UNDEFINED), np.full_like(summary.ap, UNDEFINED))


def count_weighted_mean(means: Sequence[float], counts: Sequence[int]) -> float:
    """The mean of the whole out of the means of its parts and their sizes; empty parts are -1."""
    weighted = [mean * count for mean, count in zip(means, counts, strict=True) if count]
    return sum(weighted) / sum(counts) if sum(counts) else UNDEFINED


def summarize(curves: Curves, categories: CategoryTable, max_dets: int) -> dict[str, float]:
    """AP, AP50, AP75, AP by area and by frequency group, and AR, as fractions.

    The means run over the same values in the same order as lvis-api's `_summarize`, so that they
    agree in the last digit.
    """
    precision, recall = curves.precision, curves.recall
    areas = range(1, len(AREA_RANGES))
    by_area = {f"AP{AREA_RANGES[a][0]}": _mean(precision[..., a]) for a in areas}
    groups = {letter: categories.group(letter) for letter in FREQUENCY_GROUPS}
    return {
        "AP": _mean(precision[..., 0]),
        "AP50": _mean(precision[AP50, ..., 0]),
        "AP75": _mean(precision[AP75, ..., 0]),
        **by_area,
        **{f"AP{letter}": _mean(precision[:, :, members, 0]) for letter, members in groups.items()},
        f"AR@{max_dets}": _mean(recall[..., 0]),
        **{f"AR{AREA_RANGES[a][0]}@{max_dets}": _mean(recall[..., a]) for a in areas},
    }


def ap_per_category(curves: Curves) -> NDArray[np.float64]:
    """(K,) AP of each category over all areas, -1 without ground truth."""
    ap: NDArray[np.float64] = curves.precision[..., 0].mean(axis=(0, 1))
    return ap


def _mean(values: NDArray[np.float64]) -> float:
    defined = values[values > UNDEFINED]
    return float(np.mean(defined)) if defined.size else UNDEFINED
