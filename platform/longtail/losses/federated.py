"""Federated loss: a step judges few categories, since most images say nothing of most categories.

Zhou et al. 2021, "Probabilistic two-stage detection", as in detectron2's `FastRCNNOutputLayers`.
R RoIs, K categories, background is index K.
"""

import torch
from torch import Tensor

from longtail.losses.over_workers import common_generator, summed
from longtail.losses.reduction import mean_over_rois
from longtail.losses.sigmoid import binary_cross_entropies, weighted_categories


def federated_loss(
    logits: Tensor,
    labels: Tensor,
    weights: Tensor,
    judged: Tensor,
    verified: Tensor | None,
    category_weights: Tensor | None = None,
) -> Tensor:
    """L = 1/R sum_i w_i sum_j v_ij u_ij BCE(z_ij, y_ij), u_ij = j is judged in this step or at i.

    Args:
        logits: (R, K) z; there is no background column.
        labels: (R,) int64 in 0..K.
        weights: (R,) w, the factor of each RoI.
        judged: (K,) bool, see `draw_categories`.
        verified: (R, K) bool, categories verified in the RoI's own source image, which are judged
            there as well; None leaves them to the draw, as detectron2 does.
        category_weights: (R, K) v, the factor of each category's loss; None where all are 1.
    """
    kept = judged.expand_as(logits) if verified is None else judged | verified
    judged_losses = kept.to(logits.dtype) * binary_cross_entropies(logits, labels)
    losses = weighted_categories(judged_losses, category_weights)
    return mean_over_rois(losses.sum(dim=1), weights)


def draw_categories(
    labels: Tensor, image_count: Tensor, num_judged: int, frequency_power: float
) -> Tensor:
    """(K,) bool: the categories that all workers judge in this step.

    Those of the batch, all workers' RoIs together, and as many absent ones as make `num_judged`,
    drawn without replacement with p ~ image_count ^ power: one without images is never drawn. A
    batch of more categories keeps them all. detectron2 draws on each worker by itself, and counts
    background as one of `num_judged`.

    Args:
        labels: (R,) int64 in 0..K.
        image_count: (K,) training images of each category.
        num_judged: detectron2's FED_LOSS_NUM_CLASSES.
        frequency_power: detectron2's FED_LOSS_FREQ_WEIGHT_POWER.
    """
    num_categories = len(image_count)
    present = summed(labels.bincount(minlength=num_categories + 1))[:num_categories] > 0
    noise = torch.empty(num_categories, dtype=torch.float64)
    noise.exponential_(generator=common_generator(labels.device))
    # The first arrivals of exponential clocks of rate p are a draw without replacement.
    rate = torch.where(image_count > 0, image_count.double() ** frequency_power, 0)
    arrival = (noise.to(labels.device) / rate).masked_fill(present, -1)
    first = torch.zeros_like(present)
    first[arrival.topk(min(num_judged, num_categories), largest=False).indices] = True
    return present | (first & arrival.isfinite())
