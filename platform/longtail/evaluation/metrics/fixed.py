"""AP-fixed: the 10 000 best-scored detections of each category, and no cap on an image.

Dave et al. 2021, "Evaluating Large-Vocabulary Object Detectors: The Devil is in the Details". The
cap of 300 an image lets categories compete for slots, so that raising the scores of rare ones
buys AP. Without it, and with a limit per category instead, no such change moves the result.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.matching.shard import DetectionScores
from longtail.evaluation.metrics.cap import place_in_group
from longtail.evaluation.metrics.ranking import NO_CAP
from longtail.evaluation.metrics.rescorer import Rescorer
from longtail.evaluation.metrics.summary import Summary

PER_CATEGORY = 10_000


def best_of_categories(
    detections: DetectionScores, per_category: int = PER_CATEGORY
) -> NDArray[np.bool_]:
    """(D,) the best-scored detections of each category over the whole set.

    Equal scores go to the earlier detection. Detections that nobody judges take a place too, as in
    the authors' script.
    """
    if not len(detections.category) or np.bincount(detections.category).max() <= per_category:
        return np.ones(len(detections.category), dtype=np.bool_)
    return place_in_group(detections.category, detections.score) < per_category


def fixed_summary(
    rescorer: Rescorer, detections: DetectionScores, kept: NDArray[np.bool_]
) -> Summary:
    """AP-fixed: lvis-api's metrics with max_dets=-1 on results cut beforehand.

    Args:
        rescorer: One of the same predictions; its own cap does not count.
        detections: All of the predictions.
        kept: (D,) the best of their categories.
    """
    curves = replace(rescorer, max_dets=NO_CAP).curves(detections.score, kept)
    return Summary.of(curves, rescorer.categories, NO_CAP)
