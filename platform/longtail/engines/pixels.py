"""Pixels and boxes between the data pipeline, the networks and the original image."""

from collections.abc import Sequence

import torch

from longtail.config.detector import Detector
from longtail.data.loading.sample import Image
from longtail.engines.base import Detections
from longtail.models.boxes import rescale_boxes
from longtail.models.roi_heads.heads import RoIDetections

WHITE = 255.0
"""Factor from the pixels of an `Image` to those that mean and deviation are given in."""
PIXEL_MEAN = (123.675, 116.28, 103.53)
PIXEL_STD = (58.395, 57.12, 57.375)
"""Of ImageNet, red first, in 0 to 255, as timm's weights expect them."""


def memory_format_of(detector: Detector) -> torch.memory_format:
    """How images, backbone and neck lie in memory."""
    return torch.channels_last if detector.channels_last else torch.contiguous_format


def in_original_pixels(
    images: Sequence[Image], detected: Sequence[RoIDetections], class_rows: bool
) -> list[Detections]:
    """Carry the detections of each image from the network's input to the original image."""
    return [
        _of_image(image, of_image, class_rows)
        for image, of_image in zip(images, detected, strict=True)
    ]


def _of_image(image: Image, detected: RoIDetections, class_rows: bool) -> Detections:
    found = detected.found
    return Detections(
        image_id=image.image_id,
        size=image.original_size,
        boxes=rescale_boxes(found.boxes, image.size, image.original_size),
        labels=found.labels,
        score_box=found.scores,
        score_mask=found.scores * detected.mask_quality,
        mask_probabilities=detected.mask_probabilities,
        class_rows=found.class_rows if class_rows else None,
        num_not_finite=found.num_not_finite,
    )
