"""The anchors of every engine: those of detectron2, with torchvision's class.

A anchors a cell, by rising ratio as configured; boxes are xyxy in pixels of the network's input.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList

from longtail.config.detector import Proposals
from longtail.models.necks.base import Levels


class PyramidAnchors(AnchorGenerator):  # type: ignore[misc]
    """Anchors on the pyramid's true strides, with exact corners, always in float32.

    torchvision rounds the corners of an anchor to whole pixels (11.31 to 11), divides the image's
    side by the level's, which is wrong where p6 rounds up (48 instead of 64 pixels for a side of
    96), and takes the precision of the features.

    Args:
        sizes: Sides of the square anchors of each level in pixels.
        ratios: Height over width of the anchors of every level.
        strides: Pixels per cell of each level.
    """

    def __init__(
        self, sizes: Sequence[Sequence[int]], ratios: Sequence[float], strides: Sequence[int]
    ) -> None:
        super().__init__(tuple(map(tuple, sizes)), (tuple(ratios),) * len(strides))
        self._strides = tuple(strides)

    def generate_anchors(
        self,
        scales: Sequence[float],
        aspect_ratios: Sequence[float],
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> Tensor:
        """The (A, 4) anchors around the origin: each of `scales`^2 area and one height / width."""
        corners = []
        for ratio in aspect_ratios:
            for scale in scales:
                width = math.sqrt(scale**2 / ratio)
                height = ratio * width
                corners.append([-width / 2, -height / 2, width / 2, height / 2])
        return torch.tensor(corners, dtype=dtype, device=device)

    def forward(self, image_list: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        """The (A, 4) anchors of all levels, once for each image."""
        self.set_cell_anchors(torch.float32, feature_maps[0].device)
        sides = [list(level.shape[-2:]) for level in feature_maps]
        anchors = self.grid_anchors(sides, [[stride, stride] for stride in self._strides])
        return [torch.cat(anchors)] * len(image_list.image_sizes)


def level_sizes(proposals: Proposals, levels: Levels) -> list[list[int]]:
    """The one anchor size of each level, as anchor generators want them.

    Raises:
        ValueError: There is not one for each level.
    """
    if len(proposals.anchor_sizes) != len(levels.names):
        raise ValueError(
            f"detector.proposals.anchor_sizes {proposals.anchor_sizes}: one size for each of the"
            f" {len(levels.names)} levels {levels.names[0]} to {levels.names[-1]} is needed"
        )
    return [[size] for size in proposals.anchor_sizes]
