"""Class-wise hard non-maximum suppression over many groups at once.

D detections sorted into groups (`ensemble.fusion.grouping`).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.fusion.overlap import Shapes, box_overlap, mask_overlap


@njit(cache=True, nogil=True, error_model="numpy")
def suppress(shapes: Shapes, starts: NDArray[np.int64], iou_threshold: float) -> NDArray[np.int64]:
    """For each row the row that suppresses it, or the row itself if it is kept.

    A kept row suppresses every later row of its group whose IoU with it is over `iou_threshold`; at
    exactly `iou_threshold` both stay, as in torchvision and ensemble-boxes.

    Args:
        shapes: D boxes or masks, by group and falling score.
        starts: (S + 1,) where each group starts.
        iou_threshold: In [0, 1].
    """
    by_mask, boxes = shapes.by_mask, shapes.boxes
    keeper = np.arange(len(boxes))
    for group in range(len(starts) - 1):
        for i in range(starts[group], starts[group + 1]):
            if keeper[i] != i:
                continue
            for j in range(i + 1, starts[group + 1]):
                if keeper[j] != j:
                    continue
                if by_mask:
                    shared = mask_overlap(shapes, i, j, iou_threshold)
                else:
                    shared = box_overlap(boxes, i, j)
                if shared > iou_threshold:
                    keeper[j] = i
    return keeper
