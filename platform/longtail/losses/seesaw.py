"""Seesaw loss: rarer and well-classified categories are pushed down less by a RoI of another one.

Wang et al., CVPR 2021, "Seesaw Loss for Long-Tailed Instance Segmentation", with the objectness of
its public implementation in mmdetection. R RoIs, K categories, background is label K. The K + 2
logits of a RoI are those of the categories, then foreground and background.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.losses.over_workers import summed
from longtail.losses.reduction import mean_over_rois

SMALLEST_SCORE = 0.01
"""Of the RoI's own category, where it divides others (mmdetection's `eps`)."""


def seesaw_loss(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    label_count: Tensor,
    mitigation: float,
    compensation: float,
) -> Tensor:
    """L = 1/R sum_i w_i ([i is foreground] CE(z_i + log S_i, y_i) + CE(objectness_i, fg or bg)).

    Both at 0 leave a softmax over the categories next to one of foreground against background.

    Args:
        logits: (R, K + 2) z.
        labels: (R,) int64 in 0..K.
        weights: (R,) w, the factor of each RoI.
        label_count: (K,) RoIs of each category so far, this batch included; see `count_labels`.
        mitigation: p of `seesaw_factors`.
        compensation: q of `seesaw_factors`.
    """
    factors = seesaw_factors(logits.detach(), labels, label_count, mitigation, compensation)
    return factored_cross_entropy(logits, labels, weights, factors)


def seesaw_factors(
    logits: Tensor, labels: Tensor, label_count: Tensor, mitigation: float, compensation: float
) -> Tensor:
    """(R, K) S_ij = M_ij C_ij of RoI i of category y; 1 for its own category.

    M_ij = min(1, (N_j / N_y)^p) and C_ij = max(1, (s_j / s_y)^q) with s the softmax over the
    categories. A category without RoIs so far counts as one with 1. Rows of background mean
    nothing.

    Args:
        logits: (R, K + 2) z; no gradient flows through the factors.
        labels: (R,) int64 in 0..K.
        label_count: (K,) N.
        mitigation: p; 0 turns M off.
        compensation: q; 0 turns C off.
    """
    num_categories = len(label_count)
    own = labels.clamp(max=num_categories - 1)
    count = label_count.clamp(min=1).to(logits.dtype)
    scores = logits[:, :num_categories].softmax(dim=1)
    own_scores = scores.gather(1, own[:, None]).clamp(min=SMALLEST_SCORE)
    rarer = (count / count[own][:, None]).clamp(max=1) ** mitigation
    stronger = (scores / own_scores).clamp(min=1) ** compensation
    return rarer * stronger


def factored_cross_entropy(
    logits: Tensor, labels: Tensor, weights: Tensor, factors: Tensor
) -> Tensor:
    """`seesaw_loss` at given (R, K) factors."""
    num_categories = factors.shape[1]
    foreground = labels < num_categories
    own = labels.clamp(max=num_categories - 1)
    adjusted = logits[:, :num_categories] + factors.log()
    categories = F.cross_entropy(adjusted, own, reduction="none")
    objectness = F.cross_entropy(logits[:, num_categories:], (~foreground).long(), reduction="none")
    return mean_over_rois(foreground * categories + objectness, weights)


def count_labels(labels: Tensor, num_categories: int) -> Tensor:
    """(K,) int64, the RoIs of each category on all workers together.

    Args:
        labels: (R,) int64 in 0..K.
        num_categories: K.
    """
    return summed(labels.bincount(minlength=num_categories + 1)[:num_categories])


def seesaw_scores(logits: Tensor) -> Tensor:
    """(R, K + 1) softmax over the categories times p_fg, and p_bg last; a row sums to 1.

    Args:
        logits: (R, K + 2) z.
    """
    foreground, background = logits[:, -2:].softmax(dim=1).tensor_split(2, dim=1)
    return torch.cat([logits[:, :-2].softmax(dim=1) * foreground, background], dim=1)
