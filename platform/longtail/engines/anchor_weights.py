"""How much each anchor counts in the losses of the proposals. A anchors of an image, N images.

Boxes are xyxy in pixels of the network's input.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.models.roi_heads.sampling import on_ignore_boxes
from longtail.models.roi_heads.targets import RoITargets

SMOOTH_L1_BETA = 1 / 9
"""Of the boxes of anchors: torchvision's."""


@torch.no_grad()
def anchor_weights(
    anchors: Sequence[Tensor], labels: Sequence[Tensor], targets: Sequence[RoITargets]
) -> list[Tensor] | None:
    """The factor of each anchor in both losses: the image's `loss_weight`, and for background on an
    ignore box that says so (IoU over 0.5) that box's weight besides.

    Args:
        anchors: (A, 4) of each of N images.
        labels: (A,) of each: 1 for foreground, 0 for background, -1 for neither.
        targets: Of each.

    Returns:
        (A,) float32 of each; None where every factor is 1.
    """
    if not any(_has_weights(of_image) for of_image in targets):
        return None
    return [_of_image(*image) for image in zip(anchors, labels, targets, strict=True)]


def weighted_losses(
    logits: Tensor,
    deltas: Tensor,
    labels: Tensor,
    targets: Tensor,
    weights: Tensor,
    normalizer: float,
) -> tuple[Tensor, Tensor]:
    """1/n sum_i w_i BCE(z_i, y_i) and, of foreground, 1/n sum_i w_i sum_4 l(delta_i - target_i).

    l is smooth L1. Both are 0, tied to the graph, where no anchor counts.

    Args:
        logits: (A,) z of the drawn anchors.
        deltas: (A, 4) predicted box encodings.
        labels: (A,) 1 for foreground, 0 for background.
        targets: (A, 4) encodings of the matched instances; of background they are not read.
        weights: (A,) w.
        normalizer: n.
    """
    foreground = labels == 1
    objectness = F.binary_cross_entropy_with_logits(
        logits, labels.to(logits.dtype), weights, reduction="sum"
    )
    boxes = F.smooth_l1_loss(
        deltas[foreground], targets[foreground], beta=SMOOTH_L1_BETA, reduction="none"
    )
    weighted = weights[foreground] * boxes.sum(dim=1)
    return objectness / normalizer, weighted.sum() / normalizer


def _has_weights(targets: RoITargets) -> bool:
    return targets.loss_weight != 1 or targets.ignore_proposals is not None


def _of_image(anchors: Tensor, labels: Tensor, targets: RoITargets) -> Tensor:
    weights = torch.full_like(anchors[:, 0], targets.loss_weight)
    if targets.ignore_proposals is None:
        return weights
    chosen = targets.ignore_proposals
    factors = on_ignore_boxes(anchors, targets.ignore_boxes[chosen], targets.ignore_weights[chosen])
    return torch.where(labels == 0, weights * factors, weights)
