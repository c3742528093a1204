"""What a detector must say of itself to have its training step measured. G instances, P
proposals."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.ops import clip_boxes_to_image

MOVED_BY = 0.05
"""Standard deviation of a moved box's corners, in sides of the box."""


@dataclass(frozen=True)
class Contender:
    """A detector in training.

    Attributes:
        model: All that learns.
        parts: `backbone` (with its pyramid), `proposals` and `heads`, modules of the model.
        mask_convolutions: Its input has a row for each RoI that masks are learned from.
        batches: What `losses` takes, read when it is asked for.
        losses: The losses of a batch.
        clips: Its training loop takes the norm of the gradient.
    """

    model: nn.Module
    parts: Mapping[str, nn.Module]
    mask_convolutions: nn.Module
    batches: Iterator[Any]
    losses: Callable[[Any], Mapping[str, Tensor]]
    clips: bool = False


class NoHeads(nn.Module):
    """Stands in for RoI heads: what is left is backbone and proposals."""

    def forward(self, *_: Any) -> tuple[list[Any], dict[str, Tensor]]:
        """Nothing found, nothing learned."""
        return [], {}


def with_moved_boxes(
    proposals: Tensor, instances: Tensor, size: tuple[int, int], count: int
) -> Tensor:
    """(P, 4) proposals, the last of which are instances' boxes moved a little.

    Args:
        proposals: (P, 4) xyxy, P at least `count`.
        instances: (G, 4) xyxy.
        size: (height, width) of the picture.
        count: How many are replaced.
    """
    if not len(instances):
        return proposals
    chosen = instances[torch.arange(count) % len(instances)]
    sides = (chosen[:, 2:] - chosen[:, :2]).repeat(1, 2)
    moved = clip_boxes_to_image(chosen + MOVED_BY * sides * torch.randn(count, 4), size)
    solid = (moved[:, 2:] > moved[:, :2]).all(dim=1, keepdim=True)
    return torch.cat([proposals[: len(proposals) - count], torch.where(solid, moved, chosen)])
