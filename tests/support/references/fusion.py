"""Reference implementations of fusion: the definitions, one group or one sort at a time, slowly."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.grouping import ImageCategoryGroups


def iou(one: list[float], other: list[float]) -> float:
    """Intersection over union of two xyxy boxes."""
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    shared = width * height
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (areas[0] + areas[1] - shared)


def suppress_reference(boxes: list[list[float]], iou_threshold: float) -> list[int]:
    """The definition of `suppress` for one group: `boxes` best first."""
    keeper: list[int] = []
    for j, box in enumerate(boxes):
        kept = [i for i in range(j) if keeper[i] == i]
        over = [i for i in kept if iou(boxes[i], box) > iou_threshold]
        keeper.append(over[0] if over else j)
    return keeper


def soften_reference(
    scores: list[float],
    overlap_of: Callable[[int, int], float],
    factor: Callable[[float], float],
    min_score: float,
) -> list[tuple[int, float]]:
    """The definition of `soften` for one group.

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


def fuse_boxes_reference(
    boxes: list[list[float]], scores: list[float], iou_threshold: float
) -> list[tuple[list[float], float, list[int]]]:
    """The definition of `fuse_boxes` for one group, in exact float64.

    Returns:
        For each cluster its box, its mean score and its rows.
    """
    clusters: list[list[int]] = []
    for row, box in enumerate(boxes):
        overlaps = [iou(_mean_box(boxes, scores, rows), box) for rows in clusters]
        best = max(range(len(clusters)), key=overlaps.__getitem__, default=-1)
        if best >= 0 and overlaps[best] > iou_threshold:
            clusters[best].append(row)
        else:
            clusters.append([row])
    return [
        (_mean_box(boxes, scores, rows), sum(scores[row] for row in rows) / len(rows), rows)
        for rows in clusters
    ]


def _mean_box(boxes: list[list[float]], scores: list[float], rows: list[int]) -> list[float]:
    total = sum(scores[row] for row in rows)
    return [sum(scores[row] * boxes[row][side] for row in rows) / total for side in range(4)]


def sort_into_groups_reference(
    rows: NDArray[np.int64],
    keys: NDArray[np.int64],
    num_keys: int,
    scores: NDArray[np.float64],
    sources: NDArray[np.int64],
    boxes: NDArray[np.float64],
    counts: NDArray[np.uint8],
    counts_offsets: NDArray[np.int64],
) -> ImageCategoryGroups:
    """The definition of `sort_into_groups`: one sort by a tuple per row."""

    def rank(row: int) -> tuple[object, ...]:
        mask = counts[counts_offsets[row] : counts_offsets[row + 1]].tobytes()
        return keys[row], -scores[row], sources[row], *boxes[row].tolist(), mask

    order = np.array(sorted(rows.tolist(), key=rank), np.int64)
    return ImageCategoryGroups(order, np.searchsorted(keys[order], np.arange(num_keys + 1)))
