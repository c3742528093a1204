"""Which boxes of the union of all views stay, within an image and category. n boxes."""

from typing import assert_never

import torch
from torch import Tensor
from torchvision.ops import batched_nms

from longtail.config.test_time.suppression import HardNMS, NMSThenSoftNMS, SoftNMS, Suppression
from longtail.inference.tta.soft_nms import soften


def suppressed(
    boxes: Tensor, labels: Tensor, scores: Tensor, settings: Suppression
) -> tuple[Tensor, Tensor]:
    """The boxes that stay, and their scores.

    Of equal scores the box given first comes first.

    Args:
        boxes: (n, 4) float64 xyxy of positive size, in pixels.
        labels: (n,) int64.
        scores: (n,) float64 in [0, 1].
        settings: How boxes that overlap a better one are treated.

    Returns:
        (m,) int64 rising indices, and their (m,) float64 scores.
    """
    match settings:
        case HardNMS(iou=iou):
            kept = _hard(boxes, labels, scores, iou)
            return kept, scores[kept]
        case SoftNMS():
            return soften(boxes, labels, scores, settings)
        case NMSThenSoftNMS(first_iou=first_iou):
            kept = _hard(boxes, labels, scores, first_iou)
            index, lowered = soften(boxes[kept], labels[kept], scores[kept], settings)
            return kept[index], lowered
        case _:
            assert_never(settings)


def _hard(boxes: Tensor, labels: Tensor, scores: Tensor, iou: float) -> Tensor:
    """Rising indices of the boxes that hard suppression keeps."""
    order = scores.sort(descending=True, stable=True).indices
    # Ranks in the place of scores: without ties the order is the same everywhere.
    ranks = -torch.arange(len(order), dtype=torch.float64)
    kept: Tensor = order[batched_nms(boxes[order], ranks, labels[order], iou)]
    return kept.sort().values
