"""Which proposals have scores and boxes that are numbers. P proposals, K categories."""

import torch
from torch import Tensor

from longtail.models.boxes import CODING_WEIGHTS, CodingWeights, decode_boxes

LARGEST_SAFE = 1e15
"""Coordinates and deltas up to here give finite boxes: their product is far below float32's end."""


def finite_rows(
    proposals: Tensor, scores: Tensor, deltas: Tensor, weights: CodingWeights = CODING_WEIGHTS
) -> Tensor | None:
    """Indices of the proposals whose scores and boxes are all finite; None where all are.

    A proposal is dropped whole, for one score or the box of one category, as detectron2 does in
    `fast_rcnn_inference_single_image`.

    Args:
        proposals: (P, 4) xyxy in pixels.
        scores: (P, K + 1), background included.
        deltas: (P, 1 or K, 4).
        weights: Of the deltas' coding.
    """
    if all(_all_small(values) for values in (proposals, scores, deltas)):
        return None
    boxes = decode_boxes(proposals[:, None], deltas, weights)
    finite = boxes.isfinite().flatten(1).all(dim=1) & scores.isfinite().all(dim=1)
    return None if finite.all() else torch.nonzero(finite).flatten()


def _all_small(values: Tensor) -> bool:
    """Whether every value is a number within `LARGEST_SAFE`: one pass that makes no copy."""
    if values.numel() == 0:
        return True
    least, most = torch.aminmax(values)
    return bool((least >= -LARGEST_SAFE) & (most <= LARGEST_SAFE))
