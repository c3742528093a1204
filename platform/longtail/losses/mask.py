"""Mask loss. F foreground RoIs, a grid of M x M cells."""

from torch import Tensor
from torch.nn import functional as F

from longtail.losses.reduction import mean_over_rois


def mask_cross_entropy(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """L = 1/F sum_i w_i 1/M^2 sum_uv BCE(z_iuv, m_iuv): He et al., Mask R-CNN, section 3.

    Args:
        logits: (F, M, M) z of each RoI's own category (or of the one mask of an agnostic head).
        targets: (F, M, M) m, 0 or 1.
        weights: (F,) w, the factor of each RoI.
    """
    cells = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return mean_over_rois(cells.mean(dim=(1, 2)), weights)
