"""The layers between pooled RoI features and the classifier. R RoIs, C channels."""

from torch import Tensor, nn
from torch.nn import functional as F


class TwoLayerBoxHead(nn.Module):
    """Two fully connected layers: Lin et al., Feature Pyramid Networks, 2017, section 4.2.

    Args:
        in_channels: C of the pooled features.
        pool_size: Their side in cells.
        channels: Width of both layers.
    """

    def __init__(self, in_channels: int, pool_size: int, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(in_channels * pool_size**2, channels)
        self.fc2 = nn.Linear(channels, channels)
        for layer in (self.fc1, self.fc2):
            nn.init.kaiming_uniform_(layer.weight, a=1)
            nn.init.zeros_(layer.bias)

    def forward(self, pooled: Tensor) -> Tensor:
        """(R, C, pool_size, pool_size) -> (R, channels)."""
        return F.relu(self.fc2(F.relu(self.fc1(pooled.flatten(1)))))
