"""RoI features of a fixed size from a feature pyramid.

N images, R RoIs of all of them in order, C channels. Boxes are xyxy in pixels of the network's
input.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torchvision.ops import roi_align

CANONICAL_SIDE = 224
CANONICAL_LEVEL = 4


class RoIPooler(Protocol):
    """What makes features of RoIs; also an `nn.Module`."""

    names: tuple[str, ...]

    def __call__(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], levels: Tensor | None = None
    ) -> Tensor:
        """Pool every box from its level.

        Args:
            features: (N, C, H / stride, W / stride) by level name; other levels are not used.
            boxes: (R_n, 4) of each image.
            levels: (R,) int64, 0 for the finest; None goes by the boxes' areas.

        Returns:
            (R, C, size, size) float32.
        """
        ...

    def levels(self, boxes: Tensor) -> Tensor:
        """(R,) int64 the level of each (R, 4) box by its area."""
        ...


class PyramidPooler(nn.Module):
    """RoIAlign with pixel centres at half-integers (`aligned=True`), as detectron2 has it.

    torchvision's `MultiScaleRoIAlign` differs: it is half a pixel off and guesses the strides from
    the first batch it sees.

    Args:
        names: Keys of the pyramid's levels, finest first.
        strides: Pixels per cell of each level, powers of 2, each twice the one before.
        size: Side of the pooled features.
    """

    def __init__(self, names: Sequence[str], strides: Sequence[int], size: int) -> None:
        super().__init__()
        self.names = tuple(names)
        self.strides = tuple(strides)
        self.size = size

    def forward(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], levels: Tensor | None = None
    ) -> Tensor:
        """See `RoIPooler`."""
        rois = _with_image_index(boxes)
        level_of = self.levels(rois[:, 1:]) if levels is None else levels
        members = [torch.nonzero(level_of == i).flatten() for i in range(len(self.names))]
        # A level without RoIs is pooled too: it keeps the whole neck in the graph.
        pooled = [
            roi_align(features[name].float(), rois[index], self.size, 1 / stride, aligned=True)
            for name, stride, index in zip(self.names, self.strides, members, strict=True)
        ]
        return torch.cat(pooled)[torch.argsort(torch.cat(members))]

    def levels(self, boxes: Tensor) -> Tensor:
        """See `RoIPooler`."""
        return assign_levels(boxes, self.strides[0], self.strides[-1])


def assign_levels(boxes: Tensor, finest_stride: int, coarsest_stride: int) -> Tensor:
    """The pyramid level of each box, 0 for the finest: Lin et al., FPN, Eq. 1.

    k = floor(4 + log2(sqrt(w h) / 224)), kept inside the levels there are.

    Args:
        boxes: (R, 4).
        finest_stride: Stride of level 0, a power of 2.
        coarsest_stride: Stride of the last level.

    Returns:
        (R,) int64.
    """
    sides = torch.sqrt((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]))
    # detectron2's small addend: a box of exactly 224 pixels must not fall to the level below.
    levels = torch.floor(CANONICAL_LEVEL + torch.log2(sides / CANONICAL_SIDE + 1e-8))
    finest, coarsest = int(math.log2(finest_stride)), int(math.log2(coarsest_stride))
    return levels.clamp(finest, coarsest).long() - finest


def _with_image_index(boxes: Sequence[Tensor]) -> Tensor:
    images = [of_image.new_full((len(of_image), 1), i) for i, of_image in enumerate(boxes)]
    return torch.cat([torch.cat(images), torch.cat(list(boxes))], dim=1)
