"""The mask branch. R RoIs, C channels, K categories, M x M cells of the mask grid."""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F

from longtail.models.masks.boundary_branch import BoundaryBranch
from longtail.models.masks.mask_flow import MaskFlow
from longtail.models.masks.own_category import own_category_logits
from longtail.models.norms import NormLayer


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
        sees_the_one_before: It also takes the features of the head before: HTC's mask information
            flow.
        learns_boundaries: Beside the masks, which take features of them.
        norm_layer: Makes the norm after each of the convolutions, which then have no biases; None
            leaves them without.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        num_convolutions: int,
        num_masks: int,
        sees_the_one_before: bool = False,
        learns_boundaries: bool = False,
        norm_layer: NormLayer | None = None,
    ) -> None:
        super().__init__()
        widths = [in_channels] + [channels] * num_convolutions
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1, bias=norm_layer is None)
            for before, after in pairwise(widths)
        )
        self.norms = (
            None if norm_layer is None else nn.ModuleList(norm_layer(w) for w in widths[1:])
        )
        self.deconvolution = nn.ConvTranspose2d(widths[-1], channels, 2, stride=2)
        self.predictor = nn.Conv2d(channels, num_masks, 1)
        for layer in (*self.convolutions, self.deconvolution):
            assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        assert self.predictor.bias is not None
        nn.init.normal_(self.predictor.weight, std=0.001)
        nn.init.zeros_(self.predictor.bias)
        self.flow = MaskFlow(channels, in_channels) if sees_the_one_before else None
        self.boundary = (
            BoundaryBranch(in_channels, channels, num_masks) if learns_boundaries else None
        )

    def forward(self, pooled: Tensor, labels: Tensor) -> Tensor:
        """The mask logits of each RoI for its own category, of a head that sees nothing else.

        Args:
            pooled: (R, in_channels, M / 2, M / 2).
            labels: (R,) int64 in 0..K-1.

        Returns:
            (R, M, M) float32.
        """
        return self.logits(self.features(pooled), labels)

    def features(self, pooled: Tensor, before: Tensor | None = None) -> Tensor:
        """(R, C, M / 2, M / 2) what the last convolution gives.

        Args:
            pooled: (R, in_channels, M / 2, M / 2).
            before: The same of the head before, where there is one that this one sees.
        """
        hidden = pooled
        if self.flow is not None:
            assert before is not None, "the features of the head before"
            hidden = self.flow(hidden, before)
        # In place: no layer's gradient needs its own output, and the largest are 100 MB.
        norms = self.norms or [nn.Identity()] * len(self.convolutions)
        for convolution, norm in zip(self.convolutions, norms, strict=True):
            hidden = F.relu(norm(convolution(hidden)), inplace=True)
        return hidden

    def outputs(
        self, features: Tensor, labels: Tensor, fine: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Mask logits for each RoI's own category, and boundary logits where those are learned.

        Args:
            features: (R, C, M / 2, M / 2) what the convolutions give.
            labels: (R,) int64 in 0..K-1.
            fine: (R, in_channels, M, M) pooled from the finest level, where boundaries are learned.

        Returns:
            (R, M, M) float32 each.
        """
        if self.boundary is None:
            return self.logits(features, labels), None
        assert fine is not None, "the finest level"
        boundary, fused = self.boundary(fine, features, labels)
        return self.logits(fused, labels), boundary

    def logits(self, features: Tensor, labels: Tensor) -> Tensor:
        """(R, M, M) float32 for each RoI's own category, of what the convolutions give."""
        hidden = F.relu(self.deconvolution(features), inplace=True)
        return own_category_logits(self.predictor, hidden, labels)
