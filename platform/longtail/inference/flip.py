"""Exchanging left and right of what a detector sees, and back of what it finds.

D detections, M = side of the mask grid. Boxes are xyxy in pixels; x becomes width - x.
"""

from dataclasses import replace

import torch
from torch import Tensor

from longtail.data.loading.sample import Image
from longtail.engines.base import Detections


def flipped_image(image: Image) -> Image:
    """The picture with its columns in reverse order."""
    return replace(image, pixels=image.pixels.flip(-1))


def flipped_boxes(boxes: Tensor, width: int) -> Tensor:
    """(..., 4) boxes in the flipped picture.

    Args:
        boxes: (..., 4).
        width: Of the picture in pixels.
    """
    left, top, right, bottom = boxes.unbind(dim=-1)
    return torch.stack([width - right, top, width - left, bottom], dim=-1)


def flipped_back(found: Detections) -> Detections:
    """What was found in a flipped picture, where it is in the picture itself."""
    return replace(
        found,
        boxes=flipped_boxes(found.boxes, found.size[1]),
        mask_probabilities=found.mask_probabilities.flip(-1),
    )
