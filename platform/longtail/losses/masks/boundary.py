"""Boundary supervision of masks. F foreground RoIs, a grid of M x M cells."""

from torch import Tensor
from torch.nn import functional as F

from longtail.losses.reduction import mean_over_rois


def boundary_targets(masks: Tensor) -> Tensor:
    """(F, M, M) 1 on foreground cells with a background cell among their 8 neighbours, else 0.

    That is a convolution with [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], cut at 0 and binarised:
    Cheng et al., Boundary-preserving Mask R-CNN, ECCV 2020. Zeros surround the grid, so a mask that
    the crop cuts off has its boundary there.

    Args:
        masks: (F, M, M) 0 or 1.
    """
    laplacian = masks.new_full((1, 1, 3, 3), -1)
    laplacian[..., 1, 1] = 8
    return (F.conv2d(masks[:, None], laplacian, padding=1)[:, 0] > 0.1).to(masks.dtype)


def boundary_loss(logits: Tensor, masks: Tensor, weights: Tensor) -> Tensor:
    """L = 1/F sum_i w_i (mean BCE_i + dice_i) against b of `boundary_targets`: same source.

    dice = 1 - (2 sum p b + 1) / (sum p + sum b + 1), its terms not squared.

    Args:
        logits: (F, M, M) z of each RoI's own category (or of the one boundary of an agnostic head).
        masks: (F, M, M) 0 or 1, the targets of the mask itself.
        weights: (F,) w, the factor of each RoI.
    """
    boundaries = boundary_targets(masks)
    cells = F.binary_cross_entropy_with_logits(logits, boundaries, reduction="none")
    probabilities = logits.sigmoid()
    overlap = (probabilities * boundaries).sum(dim=(1, 2))
    total = (probabilities + boundaries).sum(dim=(1, 2))
    dice = 1 - (2 * overlap + 1) / (total + 1)
    return mean_over_rois(cells.mean(dim=(1, 2)) + dice, weights)
