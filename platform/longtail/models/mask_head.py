"""The mask branch. R RoIs, C channels, K categories, M x M cells of the mask grid."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MaskHead(nn.Module):
    """Convolutions, a deconvolution that doubles the side, a 1x1 predictor: Mask R-CNN, Figure 4.

    A class-specific predictor has a filter for each category, but each RoI needs only one of them:
    the others are never computed, so memory is that of the agnostic head plus one filter a RoI
    (all 1203 logits of 128 RoIs would take 483 MB).

    Args:
        in_channels: Of the pooled features.
        channels: C, width of the convolutions.
        num_convolutions: Before the deconvolution.
        num_masks: 1 for a class-agnostic mask, else K.
    """

    def __init__(
        self, in_channels: int, channels: int, num_convolutions: int, num_masks: int
    ) -> None:
        super().__init__()
        widths = [in_channels] + [channels] * num_convolutions
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in pairwise(widths)
        )
        self.deconvolution = nn.ConvTranspose2d(widths[-1], channels, 2, stride=2)
        self.predictor = nn.Conv2d(channels, num_masks, 1)
        for layer in (*self.convolutions, self.deconvolution):
            assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        assert self.predictor.bias is not None
        nn.init.normal_(self.predictor.weight, std=0.001)
        nn.init.zeros_(self.predictor.bias)

    def forward(self, pooled: Tensor, labels: Tensor) -> Tensor:
        """The mask logits of each RoI for its own category.

        Args:
            pooled: (R, in_channels, M / 2, M / 2).
            labels: (R,) int64 in 0..K-1.

        Returns:
            (R, M, M) float32.
        """
        hidden = pooled
        for convolution in self.convolutions:
            hidden = F.relu(convolution(hidden))
        hidden = F.relu(self.deconvolution(hidden))
        if self.predictor.out_channels == 1:
            agnostic: Tensor = self.predictor(hidden)
            return agnostic[:, 0].float()
        assert self.predictor.bias is not None
        filters = self.predictor.weight[labels].flatten(1)
        logits = torch.bmm(filters[:, None], hidden.flatten(2)).view(len(hidden), *hidden.shape[2:])
        return logits.float() + self.predictor.bias[labels, None, None]
