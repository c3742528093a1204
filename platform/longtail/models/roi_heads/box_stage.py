"""One stage of boxes: RoIs are pooled, classified and refined. R RoIs, C channels, K categories.

Boxes are xyxy in pixels of the network's input; background is label K.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torchvision.ops import clip_boxes_to_image

from longtail.losses.box import box_regression_loss
from longtail.models.box_heads.double_head import enlarged
from longtail.models.box_heads.regressor import BoxRegressor, deltas_of
from longtail.models.boxes import CodingWeights, decode_boxes, encode_boxes
from longtail.models.pooling.pyramid import RoIPooler
from longtail.models.roi_heads.sampling import RoISampler, SampledRoIs

Sizes = Sequence[tuple[int, int]]
"""(height, width) of each image without padding."""


@dataclass(frozen=True)
class StageRules:
    """What a stage does that is no layer.

    Attributes:
        sampler: Draws the RoIs that it learns from.
        coding_weights: Of its box regression.
        loss_weight: Factor of its losses.
        gradient_scale: Factor of the gradient of its pooled features.
        regression_scale: Factor of the sides of the RoIs that a double head regresses from.
    """

    sampler: RoISampler
    coding_weights: CodingWeights
    loss_weight: float = 1.0
    gradient_scale: float = 1.0
    regression_scale: float = 1.0


@dataclass(frozen=True)
class BoxOutputs:
    """What a stage makes of its RoIs.

    Attributes:
        hidden: (R, C) features of the box head for the classifier.
        pooled: (R, channels, side, side) what the box head was given.
        deltas: (R, 1 or K, 4) float32.
    """

    hidden: Tensor
    pooled: Tensor
    deltas: Tensor


@dataclass(frozen=True)
class BoxStage:
    """The modules of a stage, which belong to the RoI heads, and its rules.

    Attributes:
        rules: Its sampler, coding and weights.
        pooler: Features for `head`.
        head: Before classifier and regressor.
        regressor: Class-agnostic or class-specific.
        double_head: What the regressor sees instead of `head`; None where both see the same.
        dropout: Of what the classifier sees of `head`.
    """

    rules: StageRules
    pooler: RoIPooler
    head: nn.Module
    regressor: BoxRegressor
    double_head: nn.Module | None
    dropout: nn.Dropout

    def __call__(
        self, features: Mapping[str, Tensor], boxes: Sequence[Tensor], sizes: Sizes
    ) -> BoxOutputs:
        """Pool the RoIs of every image.

        Args:
            features: (N, C, h, w) by level name.
            boxes: (R_n, 4) of each image.
            sizes: (height, width) of each image without padding.
        """
        pooled = self._pooled(features, boxes)
        hidden = self.head(pooled)
        classified = self.dropout(hidden)
        if self.double_head is None:
            return BoxOutputs(classified, pooled, self.regressor(hidden))
        wider = enlarged(boxes, self.rules.regression_scale, sizes)
        regressed = self.double_head(self._pooled(features, wider))
        return BoxOutputs(classified, pooled, self.regressor(regressed))

    def _pooled(self, features: Mapping[str, Tensor], boxes: Sequence[Tensor]) -> Tensor:
        pooled = self.pooler(features, boxes)
        scale = self.rules.gradient_scale
        if scale != 1 and pooled.requires_grad:
            pooled.register_hook(  # type: ignore[no-untyped-call]
                lambda gradient: gradient * scale
            )
        return pooled

    def loss(self, deltas: Tensor, sampled: Sequence[SampledRoIs], beta: float) -> Tensor:
        """The regression loss of the foreground, a scalar; see `box_regression_loss`."""
        labels = torch.cat([rois.labels for rois in sampled])
        boxes = torch.cat([rois.boxes for rois in sampled])
        weights = torch.cat([rois.weights for rois in sampled])
        matched_boxes = torch.cat([rois.matched_boxes for rois in sampled])
        foreground = torch.nonzero(labels < self.rules.sampler.num_categories).flatten()
        return box_regression_loss(
            deltas_of(deltas, foreground, labels[foreground]),
            encode_boxes(boxes[foreground], matched_boxes, self.rules.coding_weights),
            weights[foreground],
            num_rois=len(labels),
            beta=beta,
        )

    @torch.no_grad()
    def refined(
        self,
        boxes: Sequence[Tensor],
        deltas: Tensor,
        labels: Tensor,
        sizes: Sizes,
    ) -> list[Tensor]:
        """(R_n, 4) the boxes that the stage moves its RoIs to, clipped to their images.

        A RoI whose box is no number stays as it is: what it scores is dropped at the end.

        Args:
            boxes: (R_n, 4) of each image.
            deltas: (R, 1 or K, 4) of all of them.
            labels: (R,) int64 in 0..K-1, whose deltas are taken where categories have their own.
            sizes: (height, width) of each image without padding.
        """
        before = torch.cat(list(boxes))
        moves = deltas_of(deltas, torch.arange(len(before), device=before.device), labels)
        after = decode_boxes(before, moves, self.rules.coding_weights)
        after = torch.where(after.isfinite().all(dim=1, keepdim=True), after, before)
        images = torch.split(after, [len(of_image) for of_image in boxes])
        return [clip_boxes_to_image(b, size) for b, size in zip(images, sizes, strict=True)]
