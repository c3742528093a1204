"""One binary cross-entropy per category. R RoIs, K categories, background is index K."""

from torch import Tensor
from torch.nn import functional as F

from longtail.losses.reduction import mean_over_rois


def sigmoid_cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor, category_weights: Tensor | None = None
) -> Tensor:
    """L = 1/R sum_i w_i sum_j v_ij BCE(z_ij, y_ij); of v = 1: Tan et al., LVIS 2019, Eq. 1-2.

    The sum runs over categories and the mean over RoIs: a mean over both would divide the gradient
    by K.

    Args:
        logits: (R, K) z; there is no background column.
        labels: (R,) int64 in 0..K; y_ij = 1 where label_i = j, so background rows are all zero.
        weights: (R,) w, the factor of each RoI.
        category_weights: (R, K) v, the factor of each category's loss; None where all are 1.
    """
    losses = weighted_categories(binary_cross_entropies(logits, labels), category_weights)
    return mean_over_rois(losses.sum(dim=1), weights)


def weighted_categories(losses: Tensor, category_weights: Tensor | None) -> Tensor:
    """(R, K) losses times (R, K) factors, where there are any."""
    return losses if category_weights is None else losses * category_weights


def binary_cross_entropies(logits: Tensor, labels: Tensor) -> Tensor:
    """(R, K) BCE(z_ij, y_ij) of each RoI and category."""
    return F.binary_cross_entropy_with_logits(
        logits, own_category(labels, logits.shape[1]).to(logits.dtype), reduction="none"
    )


def own_category(labels: Tensor, num_categories: int) -> Tensor:
    """(R, K) bool y: True at each RoI's own category, nowhere for background."""
    return F.one_hot(labels, num_categories + 1)[:, :num_categories].bool()
