"""Box regression. F foreground RoIs among R sampled ones."""

from torch import Tensor
from torch.nn import functional as F

from longtail.losses.over_workers import share_of_mean


def box_regression_loss(
    deltas: Tensor, targets: Tensor, weights: Tensor, num_rois: int, beta: float
) -> Tensor:
    """L = 1/R sum_i w_i sum_4 l(delta - target): smooth L1 or, at beta = 0, L1.

    l(x) = x^2 / (2 beta) where |x| < beta, else |x| - beta / 2.

    Dividing by all sampled RoIs, not by the foreground ones, gives every foreground RoI the same
    influence however many its image has: Girshick, Fast R-CNN, as detectron2 and torchvision do.

    Args:
        deltas: (F, 4) predicted box encodings.
        targets: (F, 4) encodings of the matched instances.
        weights: (F,) w, the factor of each RoI.
        num_rois: R, background included; of several workers each divides by their mean R.
        beta: Where the quadratic part ends.
    """
    per_roi = F.smooth_l1_loss(deltas, targets, reduction="none", beta=beta).sum(dim=1)
    return share_of_mean((weights * per_roi).sum(), num_rois)
