"""Cross-entropy over the categories and background. R RoIs, K categories, background is index K."""

from torch import Tensor
from torch.nn import functional as F

from longtail.losses.reduction import mean_over_rois


def softmax_cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """L = 1/R sum_i w_i (-log softmax(z_i)[label_i]).

    Args:
        logits: (R, K + 1) z, background last.
        labels: (R,) int64 in 0..K.
        weights: (R,) w, the factor of each RoI.
    """
    return mean_over_rois(F.cross_entropy(logits, labels, reduction="none"), weights)
