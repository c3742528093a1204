"""Context of several ranges in one map. N images, C channels, h x w cells."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class AtrousPooling(nn.Module):
    """The ASPP module of DetectoRS: Qiao et al. 2021, section 3.2 and Figure 4.

    Branches side by side, each with a ReLU and as many channels: a 3x3 convolution for each
    dilation (1x1 for dilation 1), and a 1x1 convolution of the map's mean. Weights start with
    Kaiming's normal distribution (fan out), biases with 0, as in mmdetection.

    Args:
        channels: C of input and output.
        dilations: Cells between the taps of a branch. One more than there are divides C.
    """

    def __init__(self, channels: int, dilations: Sequence[int]) -> None:
        super().__init__()
        width, rest = divmod(channels, len(dilations) + 1)
        assert rest == 0, "the configuration refuses others"
        self.branches = nn.ModuleList(_branch(channels, width, step) for step in dilations)
        self.whole = nn.Conv2d(channels, width, 1)
        for layer in (*self.branches, self.whole):
            assert isinstance(layer, nn.Conv2d) and layer.bias is not None
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    def forward(self, level: Tensor) -> Tensor:
        """(N, C, h, w) -> the same shape: the branches in the order of the dilations, the mean
        last."""
        near = [F.relu(branch(level)) for branch in self.branches]
        mean = F.relu(self.whole(level.mean(dim=(2, 3), keepdim=True)))
        return torch.cat([*near, mean.expand(-1, -1, *level.shape[2:])], dim=1)


def _branch(channels: int, width: int, dilation: int) -> nn.Conv2d:
    if dilation == 1:
        return nn.Conv2d(channels, width, 1)
    return nn.Conv2d(channels, width, 3, padding=dilation, dilation=dilation)
