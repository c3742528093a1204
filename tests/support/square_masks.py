"""Detections in square images, each with the same box and half of the image as its mask."""

import numpy as np

from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.rle.codec import encode, pack

SIDE = 10
MASK = encode(np.array([0, 50, 50]))


def image_set(num_images: int) -> ImageSet:
    """Images 1, 2, ... of SIDE x SIDE pixels."""
    sides = np.full(num_images, SIDE)
    return ImageSet(np.arange(1, num_images + 1), sides, sides)


def detections(image_ids: list[int], category_id: int = 7) -> DetectionColumns:
    """One detection for each id."""
    size = len(image_ids)
    counts, offsets = pack([MASK] * size)
    return DetectionColumns(
        image_id=np.array(image_ids, np.int64),
        category_id=np.full(size, category_id),
        score=np.full(size, 0.5),
        score_mask=np.full(size, 0.5),
        boxes=np.tile([0.0, 0.0, 5.0, 10.0], (size, 1)),
        heights=np.full(size, SIDE),
        widths=np.full(size, SIDE),
        counts=counts,
        counts_offsets=offsets,
    )
