"""Mask information flow between the heads of a cascade.

R RoIs, C channels, S x S cells of the pooled features.
"""

from collections.abc import Callable, Sequence

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


def flowing_features(
    pooled: Tensor, trunks: Sequence[Callable[[Tensor], Tensor]], flows: Sequence[MaskFlow]
) -> list[Tensor]:
    """The last features of heads 1..T, each on top of those before it.

    Head t needs all of them on its own RoIs: training of stage t computes heads 1..t anew and
    takes the last; inference takes all and averages the masks.

    Args:
        pooled: (R, out_channels, S, S).
        trunks: T functions, the convolutions of each head: (R, out_channels, S, S) to
            (R, C, S, S).
        flows: T - 1, from each head but the last into the next.
    """
    features = [trunks[0](pooled)]
    for trunk, flow in zip(trunks[1:], flows, strict=True):
        features.append(trunk(flow(pooled, features[-1])))
    return features
