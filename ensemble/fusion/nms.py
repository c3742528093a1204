"""Class-wise hard non-maximum suppression over many segments at once.

D detections sorted into segments (`ensemble.fusion.grouping`).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.fusion.overlap import Shapes, box_overlap, mask_overlap


@njit(cache=True, nogil=True, error_model="numpy")
def suppress(shapes: Shapes, starts: NDArray[np.int64], iou_thr: float) -> NDArray[np.int64]:
    """For each row the row that suppresses it, or the row itself if it is kept.

    A kept row suppresses every later row of its segment whose IoU with it is over `iou_thr`; at
    exactly `iou_thr` both stay, as in torchvision and ensemble-boxes.

    Args:
        shapes: D boxes or masks, by segment and falling score.
        starts: (S + 1,) where each segment starts.
        iou_thr: In [0, 1].
    """
    by_mask, boxes = shapes.by_mask, shapes.boxes
    keeper = np.arange(len(boxes))
    for segment in range(len(starts) - 1):
        for i in range(starts[segment], starts[segment + 1]):
            if keeper[i] != i:
                continue
            for j in range(i + 1, starts[segment + 1]):
                if keeper[j] != j:
                    continue
                if by_mask:
                    shared = mask_overlap(shapes, i, j, iou_thr)
                else:
                    shared = box_overlap(boxes, i, j)
                if shared > iou_thr:
                    keeper[j] = i
    return keeper
