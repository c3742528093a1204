"""Soft masks of a head's grid put back into the image.

D detections, M = side of the mask grid. Boxes are xyxy in continuous pixels of the image: pixel i
covers [i, i + 1) and is sampled at i + 0.5.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


class MaskCrop(NamedTuple):
    """A binary mask inside a window of the image; all other pixels are unset.

    Attributes:
        pixels: (h, w) bool.
        x0: Column of its first pixel.
        y0: Row of its first pixel.
    """

    pixels: NDArray[np.bool_]
    x0: int
    y0: int


def paste_masks(
    probabilities: Tensor, boxes: Tensor, size: tuple[int, int], threshold: float
) -> list[MaskCrop]:
    """Resample each mask over its box bilinearly and cut it at the threshold.

    The values are those of detectron2's `paste_masks_in_image` (zero outside the grid), computed
    inside the pixels the box touches only. At thresholds of 0.5 and over no other pixel can be
    set; at lower ones the box cuts the mask.

    Args:
        probabilities: (D, M, M) in [0, 1].
        boxes: (D, 4) of positive size, inside the image.
        size: (height, width) of the image.
        threshold: Pixels of at least this probability are set.
    """
    grids = probabilities.cpu().double().numpy()
    corners = boxes.cpu().double().numpy()
    return [_paste(grid, box, size, threshold) for grid, box in zip(grids, corners, strict=True)]


def _paste(
    grid: NDArray[np.float64], box: NDArray[np.float64], size: tuple[int, int], threshold: float
) -> MaskCrop:
    x0, from_columns = _resampling(box[0], box[2], size[1], grid.shape[1])
    y0, from_rows = _resampling(box[1], box[3], size[0], grid.shape[0])
    values = from_rows @ grid @ from_columns.T
    return MaskCrop(values >= threshold, x0, y0)


def _resampling(low: float, high: float, limit: int, cells: int) -> tuple[int, NDArray[np.float64]]:
    """The first pixel a box touches along an axis, and each cell's share in each touched pixel."""
    first, last = max(int(np.floor(low)), 0), min(int(np.ceil(high)), limit)
    position = (np.arange(first, last) + 0.5 - low) / (high - low) * cells - 0.5
    return first, np.maximum(1 - np.abs(position[:, None] - np.arange(cells)), 0)
