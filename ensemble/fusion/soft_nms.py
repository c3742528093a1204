"""Soft-NMS over many segments at once (Bodla et al., arXiv 1704.04503, figure 2).

Of the detections of a segment, the one of highest current score is taken out, and those that are
left lose score by how much they overlap it, until none is left or the best is under `min_score`:

    linear:   score * (1 - IoU) where IoU > iou_thr
    Gaussian: score * exp(-IoU^2 / sigma)

L candidates, by segment and falling score. ensemble-boxes 1.0.9 returns the scores it was given
instead of the lowered ones, so it is no reference here; `soften_plainly` is the definition.
"""

import math
from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.fusion.overlap import Shapes, box_overlap, mask_overlap


@njit(cache=True, nogil=True, error_model="numpy")
def soften(
    shapes: Shapes,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    scores: NDArray[np.float64],
    is_gaussian: bool,
    iou_thr: float,
    sigma: float,
    min_score: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The candidates that stay, by segment and falling lowered score, and those scores.

    Of equal scores the candidate given first is taken first.

    Args:
        shapes: Boxes or masks.
        rows: (L,) row of `shapes` of each candidate.
        starts: (S + 1,) where each segment starts among the candidates.
        scores: (L,) score of each candidate.
        is_gaussian: Gaussian decay instead of linear.
        iou_thr: Overlap over which linear decay begins, in [0, 1]; Gaussian does not use it.
        sigma: Width of the Gaussian, over 0.
        min_score: Candidates whose score is or falls lower are left out.

    Returns:
        (C,) indices of candidates and (C,) scores, C <= L.
    """
    by_mask, boxes = shapes.by_mask, shapes.boxes
    floor = 0.0 if is_gaussian else iou_thr
    lowered = scores.copy()
    left = np.arange(len(rows))
    taken = np.empty(len(rows), np.int64)
    num_taken = 0
    for segment in range(len(starts) - 1):
        start = starts[segment]
        end = starts[segment + 1]
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


def soften_plainly(
    scores: list[float],
    overlap_of: Callable[[int, int], float],
    factor: Callable[[float], float],
    min_score: float,
) -> list[tuple[int, float]]:
    """The definition of `soften` for one segment. For tests.

    Args:
        scores: Of each candidate.
        overlap_of: IoU of two candidates.
        factor: What an IoU multiplies a score by.
        min_score: As in `soften`.

    Returns:
        Each candidate that stays and its score, best first.
    """
    current = dict(enumerate(scores))
    taken = []
    while current:
        best = max(current, key=lambda row: (current[row], -row))
        score = current.pop(best)
        if score >= min_score:
            taken.append((best, score))
        for row in current:
            current[row] *= factor(overlap_of(best, row))
    return taken
