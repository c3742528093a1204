"""The equalization loss: tail categories are spared the discouraging gradients of others' RoIs.

Tan et al., LVIS Challenge 2019 report, Eq. 3-4, and its CVPR 2020 form. R RoIs, K categories,
background is index K.
"""

from torch import Tensor

from longtail.losses.reduction import mean_over_rois
from longtail.losses.sigmoid import binary_cross_entropies, own_category, weighted_categories


def equalization_loss(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    tail: Tensor,
    verified: Tensor | None,
    category_weights: Tensor | None = None,
) -> Tensor:
    """L = 1/R sum_i w_i sum_j v_ij e_ij BCE(z_ij, y_ij), with e of `equalization_weights`.

    With no tail category it is `sigmoid_cross_entropy`.

    Args:
        logits: (R, K) z; there is no background column.
        labels: (R,) int64 in 0..K.
        weights: (R,) w, the factor of each RoI.
        tail: (K,) bool, see `equalization_weights`.
        verified: (R, K) bool or None, see `equalization_weights`.
        category_weights: (R, K) v, the factor of each category's loss; None where all are 1.
    """
    kept = equalization_weights(labels, tail, verified).to(logits.dtype)
    losses = weighted_categories(kept * binary_cross_entropies(logits, labels), category_weights)
    return mean_over_rois(losses.sum(dim=1), weights)


def equalization_weights(labels: Tensor, tail: Tensor, verified: Tensor | None) -> Tensor:
    """(R, K) bool e: which category learns from which RoI.

    e_ij = 0 where RoI i is foreground, category j is in the tail and j is neither i's own category
    nor verified in its image; else 1. Background RoIs teach every category, which is what keeps the
    scores of the tail from growing everywhere.

    Eq. 4 of the report prints "j < lambda" for f_j < lambda and "c" for j. It has no term for the
    own category, which is always verified; here it is exempt in both forms.

    Args:
        labels: (R,) int64 in 0..K.
        tail: (K,) bool, categories with f_j < lambda (or of the groups r and c).
        verified: (R, K) bool, categories in S_P or S_N of the RoI's own source image, the
            challenge form; None is the CVPR 2020 form, which spares verified ones as well.
    """
    exempt = own_category(labels, len(tail))
    if verified is not None:
        exempt = exempt | verified
    foreground = (labels < len(tail))[:, None]
    return ~(foreground & tail & ~exempt)
