"""Balanced mask loss. F foreground RoIs, a grid of M x M cells."""

import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.losses.reduction import mean_over_rois


def balanced_mask_loss(
    logits: Tensor,
    targets: Tensor,
    weights: Tensor,
    cross_entropy_factor: float = 1.0,
    foreground_factor: float = 0.5,
    smoothing: float = 1.0,
) -> Tensor:
    """L = 1/F sum_i w_i (dice_i + lambda wbce_i): lvisTraveler, LVIS Challenge 2020, Eq. 2.

    Dice alone learns worse than the plain cross-entropy, says the report.

    Args:
        logits: (F, M, M) z of each RoI's own category (or of the one mask of an agnostic head).
        targets: (F, M, M) y, 0 or 1.
        weights: (F,) w, the factor of each RoI.
        cross_entropy_factor: lambda.
        foreground_factor: See `weighted_cross_entropy`.
        smoothing: eps of `squared_dice`.
    """
    dice = squared_dice(logits.sigmoid(), targets, smoothing)
    cross_entropy = weighted_cross_entropy(logits, targets, foreground_factor)
    return mean_over_rois(dice + cross_entropy_factor * cross_entropy, weights)


def squared_dice(probabilities: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """(F,) 1 - (2 sum p y + eps) / (sum p^2 + sum y^2 + eps): Eq. 3, as V-Net has it.

    Args:
        probabilities: (F, M, M) p.
        targets: (F, M, M) y, 0 or 1.
        smoothing: eps; keeps a RoI without any foreground cell finite.
    """
    overlap = (probabilities * targets).sum(dim=(1, 2))
    squares = (probabilities**2 + targets**2).sum(dim=(1, 2))
    return 1 - (2 * overlap + smoothing) / (squares + smoothing)


def weighted_cross_entropy(
    logits: Tensor, targets: Tensor, foreground_factor: float = 0.5
) -> Tensor:
    """(F,) 1/M^2 sum_uv v_uv BCE(z_uv, y_uv): Eq. 4-5.

    v = max(1, q / 2) on foreground cells, 1 elsewhere. q is the area of the box over that of the
    mask, here M^2 / max(1, sum y) of the crop. The report prints neither sign nor normaliser: a sum
    would weigh M^2 = 784 times as much as dice, so it is read as a mean.

    Args:
        logits: (F, M, M) z.
        targets: (F, M, M) y, 0 or 1.
        foreground_factor: 1/2 in the report.
    """
    cells = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    height, width = targets.shape[1:]
    box_to_mask = height * width / targets.sum(dim=(1, 2), keepdim=True).clamp(min=1)
    emphasis = (foreground_factor * box_to_mask).clamp(min=1)
    return (torch.where(targets > 0.5, emphasis, 1.0) * cells).mean(dim=(1, 2))
