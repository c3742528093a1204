"""The feature pyramid. N images, C channels."""

from collections.abc import Sequence

from torch import Tensor, nn
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from longtail.models.necks.base import Levels
from longtail.models.norms import NormLayer


class FeaturePyramid(nn.Module):
    """Top-down pathway with lateral connections: Lin et al., Feature Pyramid Networks, 2017.

    Args:
        in_channels: Of the backbone's maps of stride 4, 8, 16 and 32.
        channels: C of every level.
        norm_layer: Makes the norm after each convolution; None leaves them without.
    """

    levels = Levels(("p2", "p3", "p4", "p5", "p6"), (4, 8, 16, 32, 64), num_pooled=4)

    def __init__(
        self, in_channels: Sequence[int], channels: int, norm_layer: NormLayer | None = None
    ) -> None:
        super().__init__()
        self.pyramid = FeaturePyramidNetwork(
            list(in_channels), channels, extra_blocks=LastLevelMaxPool(), norm_layer=norm_layer
        )

    def forward(self, images: Tensor, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """See `Neck`."""
        return self.levels_of(maps)

    def levels_of(self, maps: Sequence[Tensor]) -> dict[str, Tensor]:
        """The levels by name, of the maps alone."""
        names = self.levels.names
        levels = self.pyramid(dict(zip(names, maps, strict=False)))
        return dict(zip(names, levels.values(), strict=True))
