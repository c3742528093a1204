"""Weighted boxes fusion over all images of a block at once (Solovyev et al., arXiv 1910.13302).

D detections sorted into groups (`ensemble.fusion.grouping`), C clusters. Boxes are xyxy in shares
of the image's width and height, as ensemble-boxes takes them. Its version 1.0.9 is the reference:
`weighted_boxes_fusion(conf_type="avg")` accumulates boxes in float32 and scores in float64, and so
do we, in the same order, so that both give the same bits where no scores are tied: its sort is
unstable, and our order of equal scores is that of `ensemble.fusion.grouping`.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.fusion.overlap import Shapes, box_shapes, mask_overlap


@dataclass(frozen=True, eq=False)
class FusedBoxes:
    """Clusters by group, in the order in which they were opened.

    Attributes:
        first: (C,) int64, the row that opened the cluster: its member of highest score.
        boxes: (C, 4) float64 xyxy, mean of the members' boxes weighted by their scores.
        means: (C,) float64, mean score of the members.
        sizes: (C,) int64, number of members.
        cluster_of: (D,) int64, the cluster that each row joined.
    """

    first: NDArray[np.int64]
    boxes: NDArray[np.float64]
    means: NDArray[np.float64]
    sizes: NDArray[np.int64]
    cluster_of: NDArray[np.int64]


def fuse_boxes(
    boxes: NDArray[np.float64],
    scores: NDArray[np.float64],
    starts: NDArray[np.int64],
    iou_threshold: float,
    masks: Shapes | None = None,
) -> FusedBoxes:
    """Fuse every group.

    A row joins the cluster of its group whose box it overlaps most, if that IoU is over
    `iou_threshold`; otherwise it opens a cluster. Members of score 0 leave the box as it is
    (ensemble-boxes divides by their sum).

    Args:
        boxes: (D, 4) xyxy in [0, 1] with positive area, by group and falling score.
        scores: (D,) score times the weight of the row's source.
        starts: (S + 1,) where each group starts.
        iou_threshold: In [0, 1].
        masks: Compare a row's mask with that of a cluster's first member instead of the boxes.
    """
    shapes = masks or box_shapes(boxes)
    return FusedBoxes(*_fuse(boxes, scores, starts, iou_threshold, shapes))


@njit(cache=True, nogil=True, error_model="numpy")
def _fuse(
    boxes: NDArray[np.float64],
    scores: NDArray[np.float64],
    starts: NDArray[np.int64],
    iou_threshold: float,
    shapes: Shapes,
) -> tuple[
    NDArray[np.int64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.int64],
]:
    num_rows = len(boxes)
    by_mask = shapes.by_mask
    first = np.empty(num_rows, np.int64)
    fused = np.empty((num_rows, 4))
    sums = np.empty((num_rows, 4), np.float32)
    totals = np.empty(num_rows)
    means = np.empty(num_rows)
    sizes = np.empty(num_rows, np.int64)
    cluster_of = np.empty(num_rows, np.int64)
    opened = 0
    for group in range(len(starts) - 1):
        group_start = opened
        for row in range(starts[group], starts[group + 1]):
            if by_mask:
                cluster = _most_overlapped_mask(
                    shapes, first[group_start:opened], row, iou_threshold
                )
            else:
                cluster = _most_overlapped(fused[group_start:opened], boxes[row], iou_threshold)
            if cluster < 0:
                cluster_of[row] = opened
                first[opened] = row
                totals[opened] = means[opened] = scores[row]
                sizes[opened] = 1
                for side in range(4):
                    fused[opened, side] = boxes[row, side]
                    sums[opened, side] = scores[row] * boxes[row, side]
                opened += 1
                continue
            cluster += group_start
            cluster_of[row] = cluster
            totals[cluster] += scores[row]
            sizes[cluster] += 1
            means[cluster] = np.float32(totals[cluster] / sizes[cluster])
            if totals[cluster] == 0:
                continue
            for side in range(4):
                sums[cluster, side] += scores[row] * boxes[row, side]
                fused[cluster, side] = np.float32(sums[cluster, side] / totals[cluster])
    return first[:opened], fused[:opened], means[:opened], sizes[:opened], cluster_of


@njit(nogil=True, error_model="numpy")
def _most_overlapped(
    fused: NDArray[np.float64], box: NDArray[np.float64], iou_threshold: float
) -> int:
    area = (box[2] - box[0]) * (box[3] - box[1])
    found = -1
    best = iou_threshold
    for cluster in range(len(fused)):
        width = min(fused[cluster, 2], box[2]) - max(fused[cluster, 0], box[0])
        height = min(fused[cluster, 3], box[3]) - max(fused[cluster, 1], box[1])
        if width <= 0 or height <= 0:
            continue
        shared = width * height
        other = (fused[cluster, 2] - fused[cluster, 0]) * (fused[cluster, 3] - fused[cluster, 1])
        overlap = shared / (other + area - shared)
        if overlap > best:
            found = cluster
            best = overlap
    return found


@njit(nogil=True, error_model="numpy")
def _most_overlapped_mask(
    shapes: Shapes, first: NDArray[np.int64], row: int, iou_threshold: float
) -> int:
    found = -1
    best = iou_threshold
    for cluster in range(len(first)):
        shared = mask_overlap(shapes, first[cluster], row, best)
        if shared > best:
            found = cluster
            best = shared
    return found
