"""The layer that moves a RoI onto its object. R RoIs, K categories."""

import torch
from torch import Tensor, nn


class BoxRegressor(nn.Module):
    """One set of box deltas for all categories, or one for each.

    Args:
        channels: Width of the box head.
        num_sets: 1, or K for class-specific deltas.
    """

    def __init__(self, channels: int, num_sets: int) -> None:
        super().__init__()
        self.num_sets = num_sets
        self.linear = nn.Linear(channels, 4 * num_sets)
        nn.init.normal_(self.linear.weight, std=0.001)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        """(R, channels) -> (R, num_sets, 4) deltas, float32."""
        deltas: Tensor = self.linear(features)
        return deltas.float().view(len(deltas), self.num_sets, 4)


def deltas_of(deltas: Tensor, rois: Tensor, labels: Tensor) -> Tensor:
    """(n, 4) deltas of n pairs of a RoI and a category.

    Args:
        deltas: (R, 1 or K, 4) the output of `BoxRegressor`.
        rois: (n,) int64 rows.
        labels: (n,) int64 in 0..K-1.
    """
    return deltas[rois, torch.zeros_like(labels) if deltas.shape[1] == 1 else labels]
