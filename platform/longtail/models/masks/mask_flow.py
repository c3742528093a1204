"""Mask information flow between the heads of a cascade.

R RoIs, C channels, S x S cells of the pooled features.
"""

from torch import Tensor, nn
from torch.nn import functional as F


class MaskFlow(nn.Module):
    """What head t takes from head t - 1: Chen et al., Hybrid Task Cascade, CVPR 2019.

    Its input is x_t + relu(conv1x1(m_{t-1})), with m the feature after the last convolution before
    the deconvolution. The ReLU is mmdetection's. Weights start with Kaiming's normal distribution
    (fan out), biases with 0.

    Args:
        channels: C of m.
        out_channels: Of the pooled features.
    """

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, out_channels, 1)
        assert self.convolution.bias is not None
        nn.init.kaiming_normal_(self.convolution.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.convolution.bias)

    def forward(self, pooled: Tensor, previous: Tensor) -> Tensor:
        """The input of the next head.

        Args:
            pooled: (R, out_channels, S, S) x.
            previous: (R, C, S, S) m, of the same RoIs.

        Returns:
            (R, out_channels, S, S).
        """
        flow: Tensor = F.relu(self.convolution(previous))
        return pooled + flow
