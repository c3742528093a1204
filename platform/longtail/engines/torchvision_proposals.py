"""torchvision's region proposal network, whose anchors can count differently. A anchors."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torchvision.models.detection.rpn import RegionProposalNetwork

from longtail.config.detector import Proposals
from longtail.engines.anchor_weights import anchor_weights, weighted_losses
from longtail.engines.anchors import PyramidAnchors, level_sizes
from longtail.models.necks.base import Levels
from longtail.models.roi_heads.targets import RoITargets
from longtail.models.rpn_head import RPNHead

TARGETS = "roi_targets"
"""Where an image's `RoITargets` lie beside its `boxes`; without, all anchors count alike."""


class WeightedProposals(RegionProposalNetwork):  # type: ignore[misc]
    """Draws anchors as torchvision does and divides by as many, whatever they weigh."""

    _weights: list[Tensor] | None = None

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[dict[str, Any]]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """See torchvision; `compute_loss`, which comes next, learns the weights from here."""
        labels, boxes = super().assign_targets_to_anchors(anchors, targets)
        given: list[RoITargets] = [of[TARGETS] for of in targets if TARGETS in of]
        self._weights = anchor_weights(anchors, labels, given) if given else None
        return labels, boxes

    def compute_loss(
        self,
        objectness: Tensor,
        pred_bbox_deltas: Tensor,
        labels: list[Tensor],
        regression_targets: list[Tensor],
    ) -> tuple[Tensor, Tensor]:
        """See torchvision; its own losses where no anchor has a weight."""
        weights, self._weights = self._weights, None
        if weights is None:
            plain: tuple[Tensor, Tensor] = super().compute_loss(
                objectness, pred_bbox_deltas, labels, regression_targets
            )
            return plain
        foreground, background = (torch.cat(drawn) > 0 for drawn in self.fg_bg_sampler(labels))
        drawn = torch.nonzero(foreground | background).flatten()
        return weighted_losses(
            objectness.flatten()[drawn],
            pred_bbox_deltas[drawn],
            torch.cat(labels)[drawn],
            torch.cat(regression_targets)[drawn],
            torch.cat(weights)[drawn],
            len(drawn),
        )


def build_proposals(proposals: Proposals, levels: Levels, channels: int) -> WeightedProposals:
    """The network of a configuration, with new weights.

    Args:
        proposals: Its settings.
        levels: What the neck gives.
        channels: Of the neck.

    Raises:
        ValueError: There is not one anchor size for each level.
    """
    ratios: Sequence[float] = proposals.aspect_ratios
    return WeightedProposals(
        PyramidAnchors(level_sizes(proposals, levels), ratios, levels.strides),
        RPNHead(channels, len(ratios)),
        fg_iou_thresh=0.7,
        bg_iou_thresh=0.3,
        batch_size_per_image=proposals.anchors_per_image,
        positive_fraction=0.5,
        pre_nms_top_n={"training": proposals.train_pre_nms, "testing": proposals.test_pre_nms},
        post_nms_top_n={"training": proposals.train_post_nms, "testing": proposals.test_post_nms},
        nms_thresh=proposals.nms_iou,
    )
