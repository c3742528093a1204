"""Equalization loss v2: a category's gradients are weighed by how encouraging they were so far.

Tan et al., CVPR 2021, "Equalization Loss v2: A New Gradient Balance Approach for Long-tailed Object
Detection", with the objectness logit of its public implementation. R RoIs, K categories.
The K + 1 logits are independent; the last says background, and so does label K.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.losses.over_workers import summed
from longtail.losses.reduction import mean_over_rois
from longtail.losses.sigmoid import binary_cross_entropies, own_category, weighted_categories

FIRST_RATIO = 100.0
"""g before a category had any gradient: its negatives keep their weight."""


@dataclass(frozen=True)
class GradientWeights:
    """The factors of a category's gradients.

    Attributes:
        positive: (K,) q, at 1 or above: for RoIs of the category.
        negative: (K,) r in [0, 1]: for all other RoIs.
    """

    positive: Tensor
    negative: Tensor


def gradient_ratio(positive: Tensor, negative: Tensor) -> Tensor:
    """(K,) g = positive / negative gradient accumulated so far; 100 where there was none."""
    ratio = positive / (negative + 1e-10)
    return torch.where(positive + negative > 0, ratio, FIRST_RATIO)


def gradient_weights(
    ratio: Tensor, slope: float, midpoint: float, positive_gain: float
) -> GradientWeights:
    """r = 1 / (1 + exp(-gamma (g - mu))), q = 1 + alpha (1 - r).

    Args:
        ratio: (K,) g.
        slope: gamma.
        midpoint: mu.
        positive_gain: alpha.
    """
    negative = torch.sigmoid(slope * (ratio - midpoint))
    return GradientWeights(positive=1 + positive_gain * (1 - negative), negative=negative)


def equalization_v2_loss(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    factors: GradientWeights,
    category_weights: Tensor | None = None,
) -> Tensor:
    """L = 1/R sum_i w_i sum_j v_ij e_ij BCE(z_ij, y_ij): e = q_j where y_ij = 1, else r_j.

    The background column has the weight 1. Factors of 1 leave the sigmoid loss over K + 1 columns.

    Args:
        logits: (R, K + 1) z, background last.
        labels: (R,) int64 in 0..K; y_ij = 1 where label_i = j.
        weights: (R,) w, the factor of each RoI.
        factors: q and r.
        category_weights: (R, K) v, the factor of each category's loss; None where all are 1. The
            background column keeps its weight.
    """
    losses = _factors_of_rois(logits, labels, factors) * binary_cross_entropies(logits, labels)
    losses = weighted_categories(losses, _with_background(category_weights))
    return mean_over_rois(losses.sum(dim=1), weights)


def gradients_of_batch(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    factors: GradientWeights,
    category_weights: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """((K,), (K,)) float64: R dL/dz summed over RoIs of the category, and over the others.

    They are absolute values, of all workers together: w_i v_ij e_ij |sigmoid(z_ij) - y_ij|.

    Args:
        logits: (R, K + 1) z, background last.
        labels: (R,) int64 in 0..K.
        weights: (R,) w, the factor of each RoI.
        factors: q and r that the loss was computed with.
        category_weights: v of the loss.
    """
    logits = logits.detach()
    is_own = own_category(labels, logits.shape[1])
    gradient = (logits.sigmoid() - is_own.to(logits.dtype)).abs().double()
    gradient = gradient * _factors_of_rois(logits, labels, factors) * weights[:, None]
    gradient = weighted_categories(gradient, _with_background(category_weights))
    both = torch.stack([(gradient * is_own).sum(dim=0), (gradient * ~is_own).sum(dim=0)])
    positive, negative = summed(both[:, :-1])
    return positive, negative


def equalization_v2_scores(logits: Tensor) -> Tensor:
    """(R, K + 1) sigmoid(z_j) (1 - p_bg), and p_bg last.

    Args:
        logits: (R, K + 1) z, background last.
    """
    categories, background = logits.sigmoid().tensor_split([logits.shape[1] - 1], dim=1)
    return torch.cat([categories * (1 - background), background], dim=1)


def _with_background(category_weights: Tensor | None) -> Tensor | None:
    """(R, K + 1) with a column of ones for the background."""
    return None if category_weights is None else F.pad(category_weights, (0, 1), value=1.0)


def _factors_of_rois(logits: Tensor, labels: Tensor, factors: GradientWeights) -> Tensor:
    """(R, K + 1) e."""
    one = factors.positive.new_ones(1)
    positive, negative = (torch.cat([f, one]) for f in (factors.positive, factors.negative))
    is_own = own_category(labels, logits.shape[1])
    return torch.where(is_own, positive, negative).to(logits.dtype)
