"""From what a detector returns to what is kept: file ids, xywh boxes, run-length masks.

D detections, K categories.
"""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from longtail.engines.base import Detections
from longtail.models.detections.paste import paste_masks
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import SoftMasks
from longtail.rle.bitmaps import encode_crop
from longtail.rle.codec import pack


def to_columns(
    found: Detections,
    category_ids: NDArray[np.int64],
    mask_threshold: float,
    keep_soft_masks: bool = False,
) -> DetectionColumns:
    """The detections of one image as columns, in their order.

    A mask that has no pixel is kept as an empty one: its box still counts for box AP, evaluation
    gives it a place among an image's detections as the official one does, and a merge drops it.

    Args:
        found: What the detector returned.
        category_ids: (K,) int64, the file's ids of the model's categories.
        mask_threshold: Pixels of at least this probability belong to the mask.
        keep_soft_masks: Keep the grids of probabilities too.
    """
    height, width = found.size
    counts, offsets = encoded_masks(
        found.mask_probabilities, found.boxes, found.size, mask_threshold
    )
    boxes = _float64(found.boxes)
    soft = SoftMasks.of(_float64(found.mask_probabilities)) if keep_soft_masks else None
    return DetectionColumns(
        image_id=np.full(len(boxes), found.image_id, dtype=np.int64),
        category_id=category_ids[found.labels.cpu().numpy()],
        score=_float64(found.score_box),
        score_mask=_float64(found.score_mask),
        boxes=np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1),
        heights=np.full(len(boxes), height, dtype=np.int64),
        widths=np.full(len(boxes), width, dtype=np.int64),
        counts=counts,
        counts_offsets=offsets,
        soft=soft,
    )


def encoded_masks(
    probabilities: Tensor, boxes: Tensor, size: tuple[int, int], threshold: float
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The run-length strings of soft masks: flat bytes and their (D + 1,) offsets.

    Args:
        probabilities: (D, M, M) in [0, 1].
        boxes: (D, 4) xyxy in pixels of the original image.
        size: (height, width) of the original image.
        threshold: Pixels of at least this probability belong to the mask.
    """
    crops = paste_masks(probabilities, boxes, size, threshold)
    return pack([encode_crop(crop.pixels, crop.x0, crop.y0, *size) for crop in crops])


def _float64(tensor: Tensor) -> NDArray[np.float64]:
    return tensor.cpu().numpy().astype(np.float64)
