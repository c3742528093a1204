"""Boundaries beside masks, and what they tell the masks.

R RoIs, C channels, K categories, S x S cells of the mask head's features, M = 2 S cells of its
grid.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from longtail.models.masks.own_category import own_category_logits


class BoundaryBranch(nn.Module):
    """The boundary part of Cheng et al., Boundary-preserving Mask R-CNN, ECCV 2020.

    Features of the finest level are halved, joined with those of the mask head, and convolved.
    Then they give boundary logits, and flow back into the mask head's features before its
    deconvolution. All layers are followed by a ReLU but the predictor. Weights start with Kaiming's
    normal distribution (fan out), the predictor's with a standard deviation of 0.001, biases
    with 0: as in the mask head.

    Args:
        in_channels: Of the finest level.
        channels: C, of the mask head's features and all layers.
        num_boundaries: 1 for class-agnostic boundaries, else K; only a RoI's own is computed.
        num_convolutions: Between the two fusions.
    """

    def __init__(
        self, in_channels: int, channels: int, num_boundaries: int, num_convolutions: int = 2
    ) -> None:
        super().__init__()
        self.downsample = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1)
        self.mask_to_boundary = nn.Conv2d(channels, channels, 1)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(num_convolutions)
        )
        self.boundary_to_mask = nn.Conv2d(channels, channels, 1)
        self.fusion = nn.Conv2d(channels, channels, 3, padding=1)
        self.deconvolution = nn.ConvTranspose2d(channels, channels, 2, stride=2)
        self.predictor = nn.Conv2d(channels, num_boundaries, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        nn.init.normal_(self.predictor.weight, std=0.001)

    def forward(self, fine: Tensor, features: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Boundary logits of each RoI's own category, and features for the masks.

        Args:
            fine: (R, in_channels, M, M) pooled from the finest level, whatever the RoI's size.
            features: (R, C, S, S) after the mask head's convolutions.
            labels: (R,) int64 in 0..K-1.

        Returns:
            (R, M, M) float32 logits, and (R, C, S, S) instead of `features`.
        """
        hidden = F.relu(self.downsample(fine)) + F.relu(self.mask_to_boundary(features))
        for convolution in self.convolutions:
            hidden = F.relu(convolution(hidden))
        fused: Tensor = F.relu(self.fusion(features + F.relu(self.boundary_to_mask(hidden))))
        upsampled = F.relu(self.deconvolution(hidden))
        return own_category_logits(self.predictor, upsampled, labels), fused
