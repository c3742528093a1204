"""The semantic segmentation branch of a hybrid task cascade.

N images, R RoIs of all of them in order, C channels, S categories of stuff and things, k = side of
the pooled features.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional as F


class SemanticBranch(nn.Module):
    """Fuses the pyramid at one stride, segments it, and embeds it: Chen et al., HTC, CVPR 2019.

    Each level is resized to one of them (stride 8 in HTC) bilinearly and has a 1x1 convolution. The
    sum goes through 3x3 convolutions, then one 1x1 convolution gives logits and one the embedding.
    All have a ReLU but that of the logits. Resizing takes cells as squares, as the poolers do
    (`align_corners=False`; mmdetection puts the outermost centres on each other). Weights start
    with Kaiming's normal distribution (fan out), those of the logits with a standard deviation
    of 0.01, biases with 0.

    COCO-stuff gives 183 categories; its loss is `losses.semantic`. The RoI features of the
    embedding are those of a `PyramidPooler` with this one level, of size 14; see `with_semantics`.

    Args:
        names: Keys of the pyramid's levels, finest first.
        fused_at: The one of `names` whose size the others get.
        in_channels: Of each level.
        channels: C.
        num_categories: S.
        num_convolutions: After the sum.
    """

    def __init__(
        self,
        names: Sequence[str],
        fused_at: str,
        in_channels: int,
        channels: int = 256,
        num_categories: int = 183,
        num_convolutions: int = 4,
    ) -> None:
        super().__init__()
        self.names = tuple(names)
        self.fused_at = fused_at
        self.laterals = nn.ModuleList(nn.Conv2d(in_channels, channels, 1) for _ in names)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=1) for _ in range(num_convolutions)
        )
        self.embedding = nn.Conv2d(channels, channels, 1)
        self.predictor = nn.Conv2d(channels, num_categories, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(layer.bias)
        nn.init.normal_(self.predictor.weight, std=0.01)

    def forward(self, features: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Logits and the embedding, of the size of the level `fused_at`.

        Args:
            features: (N, in_channels, H / stride, W / stride) by level name; others are not used.

        Returns:
            (N, S, h, w) float32 logits, and (N, C, h, w).
        """
        size = features[self.fused_at].shape[-2:]
        hidden = self._lateral(0, features, size)
        for i in range(1, len(self.names)):
            hidden = hidden + self._lateral(i, features, size)
        for convolution in self.convolutions:
            hidden = F.relu(convolution(hidden))
        logits: Tensor = self.predictor(hidden)
        return logits.float(), F.relu(self.embedding(hidden))

    def _lateral(self, i: int, features: Mapping[str, Tensor], size: Sequence[int]) -> Tensor:
        level = features[self.names[i]]
        if level.shape[-2:] != size:
            level = F.interpolate(level, list(size), mode="bilinear", align_corners=False)
        return F.relu(self.laterals[i](level))


def with_semantics(pooled: Tensor, semantic: Tensor) -> Tensor:
    """(R, C, k, k) RoI features plus those of the embedding, averaged over cells where it has more.

    Args:
        pooled: (R, C, k, k) of a box or mask pooler.
        semantic: (R, C, K, K) of the same RoIs; K = 14 in HTC, so that it is averaged to boxes' 7.
    """
    return pooled + F.adaptive_avg_pool2d(semantic, (pooled.shape[2], pooled.shape[3]))
