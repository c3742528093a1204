"""Soft-NMS over many groups at once (Bodla et al., arXiv 1704.04503, figure 2).

Of the detections of a group, the one of highest current score is taken out, and those that are
left lose score by how much they overlap it, until none is left or the best is under `min_score`:

    linear:   score * (1 - IoU) where IoU > iou_threshold
    Gaussian: score * exp(-IoU^2 / sigma)

L candidates, by group and falling score. ensemble-boxes 1.0.9 returns the scores it was given
instead of the lowered ones, so it is no reference here.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.fusion.choices import MethodSettings
from ensemble.fusion.overlap import Shapes, box_overlap, mask_overlap
from ensemble.fusion.sorted_rows import FoundClusters, SortedRows, clusters_of_keepers


def soften_kept(
    rows: SortedRows, keeper: NDArray[np.int64], settings: MethodSettings
) -> FoundClusters:
    """Lower the scores of the rows that a hard NMS kept; rows that it suppressed go with them.

    Args:
        rows: The L rows.
        keeper: (L,) the row that suppresses each, or the row itself.
        settings: Decay and threshold.
    """
    kept = np.flatnonzero(keeper == np.arange(len(keeper)))
    taken, scores = soften(
        rows.shapes,
        kept,
        np.searchsorted(kept, rows.starts),
        rows.scores[kept],
        is_gaussian=settings.soft_nms == "gaussian",
        iou_threshold=settings.iou_thr,
        sigma=settings.sigma,
        min_score=settings.min_score,
    )
    return clusters_of_keepers(rows, keeper, kept[taken], scores)


@njit(cache=True, nogil=True, error_model="numpy")
def soften(
    shapes: Shapes,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    scores: NDArray[np.float64],
    is_gaussian: bool,
    iou_threshold: float,
    sigma: float,
    min_score: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The candidates that stay, by group and falling lowered score, and those scores.

    Of equal scores the candidate given first is taken first.

    Args:
        shapes: Boxes or masks.
        rows: (L,) row of `shapes` of each candidate.
        starts: (S + 1,) where each group starts among the candidates.
        scores: (L,) score of each candidate.
        is_gaussian: Gaussian decay instead of linear.
        iou_threshold: Overlap over which linear decay begins, in [0, 1]; Gaussian does not use it.
        sigma: Width of the Gaussian, over 0.
        min_score: Candidates whose score is or falls lower are left out.

    Returns:
        (C,) indices of candidates and (C,) scores, C <= L.
    """
    by_mask, boxes = shapes.by_mask, shapes.boxes
    floor = 0.0 if is_gaussian else iou_threshold
    lowered = scores.copy()
    left = np.arange(len(rows))
    taken = np.empty(len(rows), np.int64)
    num_taken = 0
    for group in range(len(starts) - 1):
        start = starts[group]
        end = starts[group + 1]
        while end > start:
            best = left[start]
            for place in range(start + 1, end):
                if lowered[left[place]] > lowered[best]:
                    best = left[place]
            if lowered[best] < min_score:
                break
            taken[num_taken] = best
            num_taken += 1
            # Those still left move up, in their order, so that ties go by it.
            stay = start
            for place in range(start, end):
                candidate = left[place]
                if candidate == best:
                    continue
                if by_mask:
                    shared = mask_overlap(shapes, rows[best], rows[candidate], floor)
                else:
                    shared = box_overlap(boxes, rows[best], rows[candidate])
                if shared > floor:
                    lowered[candidate] *= (
                        math.exp(-shared * shared / sigma) if is_gaussian else 1 - shared
                    )
                if lowered[candidate] >= min_score:
                    left[stay] = candidate
                    stay += 1
            end = stay
    return taken[:num_taken], lowered[taken[:num_taken]]
