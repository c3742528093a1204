"""Who counts, and in which order, under given scores: what comes between overlaps and metrics."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.matching.kernel import match_detections
from longtail.evaluation.matching.overlaps import Overlaps
from longtail.evaluation.metrics.cap import within_cap
from longtail.evaluation.metrics.sorting import rank_detections
from longtail.evaluation.protocol import IOU_THRESHOLDS

NO_CAP = -1
ALL_THRESHOLDS = np.uint16(2 ** len(IOU_THRESHOLDS) - 1)


@dataclass(frozen=True, eq=False)
class Ranking:
    """The D judged detections that count, by category, falling score and file order.

    Attributes:
        order: (D,) int64 indices into the J of `Overlaps`.
        scores: (D,) float64.
        starts: (K + 1,) int64, where each category starts.
    """

    order: NDArray[np.int64]
    scores: NDArray[np.float64]
    starts: NDArray[np.int64]


def rank(
    overlaps: Overlaps,
    scores: NDArray[np.float64],
    max_dets: int,
    kept: NDArray[np.bool_] | None = None,
) -> Ranking:
    """Rank the judged detections within the cap.

    Args:
        overlaps: The detections.
        scores: (S,) of all rows of the store.
        max_dets: Best-scored detections that count per image, -1 for all.
        kept: (S,) which rows count; None for all. The others take slots under the cap.

    Raises:
        ValueError: `scores` has another length, or a value that is not finite.
    """
    # A copy, writable like any other vector, so that numba compiles for one kind.
    scores = np.array(scores, dtype=np.float64, order="C")
    if scores.shape != overlaps.scores.shape or not bool(np.isfinite(scores).all()):
        raise ValueError(
            f"scores of shape {scores.shape}; {len(overlaps.scores)} finite numbers are needed, "
            "one for each detection of the store"
        )
    counts = rows_within_cap(overlaps, scores, max_dets)
    if kept is not None:
        counts = counts & kept
    judged = scores[overlaps.row]
    order, starts = rank_detections(judged, counts[overlaps.row], overlaps.detection_starts)
    return Ranking(order, judged[order], starts)


def rows_within_cap(
    overlaps: Overlaps, scores: NDArray[np.float64], max_dets: int
) -> NDArray[np.bool_]:
    """(S,) the rows that are among the `max_dets` best-scored of their image."""
    starts = overlaps.image_starts
    if max_dets == NO_CAP or not (np.diff(starts) > max_dets).any():
        return np.ones(len(scores), dtype=np.bool_)
    kept: NDArray[np.bool_] = within_cap(np.array(scores), starts, max_dets)
    return kept


def match_ranked(
    overlaps: Overlaps, ranking: Ranking, area: int
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """(D,) thresholds of true positives, and (D,) at which a detection counts as nothing."""
    matched, ignored, _ = match_detections(
        ranking.order,
        overlaps.detection_flags,
        overlaps.truth_flags,
        overlaps.overlap_starts,
        overlaps.overlap_truth,
        overlaps.overlap_bits,
        area,
        ALL_THRESHOLDS,
    )
    return matched, ignored
