"""Box coding and scaling. Boxes are xyxy in pixels, width = x2 - x1 (no +1)."""

import math

import torch
from torch import Tensor
from torchvision.ops import clip_boxes_to_image

CodingWeights = tuple[float, float, float, float]
"""Factors of dx, dy, dw and dh."""
CODING_WEIGHTS: CodingWeights = (10.0, 10.0, 5.0, 5.0)
LARGEST_LOG_SCALE = math.log(1000 / 16)
"""Bound of a decoded log size, so that exp does not overflow on a wild prediction."""


def encode_boxes(
    sources: Tensor, targets: Tensor, weights: CodingWeights = CODING_WEIGHTS
) -> Tensor:
    """The deltas that move `sources` onto `targets`: Girshick et al., R-CNN, appendix C.

    dx = 10 (x_t - x_s) / w_s, dw = 5 log(w_t / w_s), and so for y and h; x and y are centres, 10
    and 5 the weights.

    Args:
        sources: (..., 4) RoIs.
        targets: (..., 4) instances, of positive size.
        weights: Factors of the four.

    Returns:
        (..., 4) dx, dy, dw, dh.
    """
    source_centres, source_sizes = _centres_and_sizes(sources)
    target_centres, target_sizes = _centres_and_sizes(targets)
    shifts = (target_centres - source_centres) / source_sizes
    scales = torch.log(target_sizes / source_sizes)
    return torch.cat([shifts, scales], dim=-1) * sources.new_tensor(weights)


def decode_boxes(
    sources: Tensor, deltas: Tensor, weights: CodingWeights = CODING_WEIGHTS
) -> Tensor:
    """Move `sources` (..., 4) by `deltas` (..., 4): the inverse of `encode_boxes`."""
    centres, sizes = _centres_and_sizes(sources)
    moves = deltas / deltas.new_tensor(weights)
    centres = centres + moves[..., :2] * sizes
    half = 0.5 * sizes * moves[..., 2:].clamp(max=LARGEST_LOG_SCALE).exp()
    return torch.cat([centres - half, centres + half], dim=-1)


def rescale_boxes(boxes: Tensor, old: tuple[int, int], new: tuple[int, int]) -> Tensor:
    """Carry (D, 4) boxes from a picture to its resized copy and clip them to that.

    Args:
        boxes: xyxy in pixels of the old picture.
        old: (height, width) in pixels.
        new: (height, width) in pixels.
    """
    vertical, horizontal = new[0] / old[0], new[1] / old[1]
    scaled = boxes * boxes.new_tensor([horizontal, vertical, horizontal, vertical])
    clipped: Tensor = clip_boxes_to_image(scaled, new)
    return clipped


def _centres_and_sizes(boxes: Tensor) -> tuple[Tensor, Tensor]:
    low, high = boxes[..., :2], boxes[..., 2:]
    return 0.5 * (low + high), high - low
