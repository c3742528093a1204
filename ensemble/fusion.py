"""Detections of several sources that show one object become one cluster.

D detections of one block, C clusters, M sources.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.nms import suppress
from ensemble.segments import cut_segments
from ensemble.settings import Method
from ensemble.sources import Block
from ensemble.wbf import fuse_boxes


@dataclass(frozen=True, eq=False)
class Clusters:
    """The objects of a block, by image, category and falling score of the best member.

    Attributes:
        best: (C,) int64, row of the member of highest weighted score; its mask is the cluster's.
        boxes: (C, 4) float64 x, y, width, height in pixels of the original image.
        scores: (C,) float64, over 1 only where WBF's weights differ.
        sizes: (C,) int64, number of members.
    """

    best: NDArray[np.int64]
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    sizes: NDArray[np.int64]


def fuse(
    block: Block,
    rows: NDArray[np.int64],
    shares: NDArray[np.float64],
    weights: NDArray[np.float64],
    num_categories: int,
    method: Method,
    iou_thr: float,
) -> Clusters:
    """Cluster the detections of each image and category.

    NMS keeps box and score of the best member; scores are multiplied by the source's weight over
    the largest weight, so that equal weights leave them as they are. WBF averages both.

    Args:
        block: The detections.
        rows: Those that take part.
        shares: (D, 4) boxes xyxy in [0, 1], as shares of the image.
        weights: (M,) weight of each source.
        num_categories: K.
        method: How clusters are formed.
        iou_thr: Overlap above which two boxes are one object.
    """
    if method == "nms":
        weights = weights / weights.max()
    scores = block.columns.score * weights[block.sources]
    segments = cut_segments(
        rows,
        keys=block.images * num_categories + block.categories,
        num_keys=len(block.image_ids) * num_categories,
        scores=scores,
        sources=block.sources,
        boxes=block.columns.boxes,
        counts=block.columns.counts,
        counts_offsets=block.columns.counts_offsets,
    )
    order, starts = segments.order, segments.starts
    if method == "nms":
        keeper = suppress(shares[order], starts, iou_thr)
        kept = np.flatnonzero(keeper == np.arange(len(keeper)))
        best = order[kept]
        sizes = np.bincount(keeper, minlength=len(keeper))[kept]
        return Clusters(best, block.columns.boxes[best], scores[best], sizes)
    fused = fuse_boxes(shares[order], scores[order], starts, weights, iou_thr)
    best = order[fused.first]
    boxes = _to_pixels(fused.boxes, block.columns.widths[best], block.columns.heights[best])
    return Clusters(best, boxes, fused.scores, fused.sizes)


def _to_pixels(
    shares: NDArray[np.float64], widths: NDArray[np.int64], heights: NDArray[np.int64]
) -> NDArray[np.float64]:
    sizes = np.stack([widths, heights], axis=1)
    return np.concatenate([shares[:, :2] * sizes, (shares[:, 2:] - shares[:, :2]) * sizes], axis=1)
