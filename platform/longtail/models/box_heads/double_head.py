"""Double head: fully connected layers classify, convolutions find the box.

R RoIs, C channels, k = side of the pooled features. Boxes are xyxy in pixels of the network's
input.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import clip_boxes_to_image

NORM_GROUPS = 32


class ConvolutionalBoxHead(nn.Module):
    """The head that boxes are regressed from: Wu et al., Rethinking Classification and Localization
    for Object Detection, CVPR 2020.

    One residual block widens the features, bottleneck blocks follow, the average over cells ends
    it. `TwoLayerBoxHead` beside it classifies; mmdetection weighs both losses with 2.

    Norms are group norms of 32 groups, where mmdetection has batch norms: a RoI's result does not
    depend on the others, and none at all do no harm. Weights start with Kaiming's normal
    distribution (fan out).

    Args:
        in_channels: Of the pooled features, a multiple of 32.
        channels: C, a multiple of 128.
        num_blocks: Bottlenecks; mmdetection has 4.
    """

    def __init__(self, in_channels: int, channels: int = 1024, num_blocks: int = 4) -> None:
        super().__init__()
        self.widening = _Residual(
            nn.Sequential(
                *_convolution(in_channels, in_channels, 3),
                nn.ReLU(),
                *_convolution(in_channels, channels, 1),
            ),
            shortcut=nn.Sequential(*_convolution(in_channels, channels, 1)),
        )
        self.bottlenecks = nn.Sequential(*(_bottleneck(channels) for _ in range(num_blocks)))
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, pooled: Tensor) -> Tensor:
        """(R, in_channels, k, k) of `enlarged` boxes -> (R, C)."""
        hidden: Tensor = self.bottlenecks(self.widening(pooled))
        return hidden.mean(dim=(2, 3))


def enlarged(
    boxes: Sequence[Tensor], factor: float, image_sizes: Sequence[tuple[int, int]]
) -> list[Tensor]:
    """Boxes of `factor` times the sides about their centres, clipped to their image.

    The double head regresses from boxes enlarged 1.3 times; its deltas stay relative to the
    boxes as they were. mmdetection does not clip.

    Args:
        boxes: (R_n, 4) of each image.
        factor: 1 changes nothing but what lies outside of the image.
        image_sizes: (height, width) of each image without padding.
    """
    return [
        clip_boxes_to_image(_about_centres(of_image, factor), size)
        for of_image, size in zip(boxes, image_sizes, strict=True)
    ]


class _Residual(nn.Module):
    def __init__(self, branch: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(self.branch(features) + self.shortcut(features))


def _bottleneck(channels: int) -> _Residual:
    narrow = channels // 4
    return _Residual(
        nn.Sequential(
            *_convolution(channels, narrow, 1),
            nn.ReLU(),
            *_convolution(narrow, narrow, 3),
            nn.ReLU(),
            *_convolution(narrow, channels, 1),
        ),
        shortcut=nn.Identity(),
    )


def _convolution(before: int, after: int, side: int) -> tuple[nn.Conv2d, nn.GroupNorm]:
    # The norm takes the place of the bias.
    convolution = nn.Conv2d(before, after, side, padding=side // 2, bias=False)
    return convolution, nn.GroupNorm(NORM_GROUPS, after)


def _about_centres(boxes: Tensor, factor: float) -> Tensor:
    low, high = boxes[:, :2], boxes[:, 2:]
    growth = 0.5 * (factor - 1) * (high - low)
    return torch.cat([low - growth, high + growth], dim=1)
