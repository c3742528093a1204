"""Balanced group softmax: categories compete only with those of about as many instances.

Li et al., CVPR 2020, "Overcoming Classifier Imbalance for Long-tail Object Detection with Balanced
Group Softmax"; used by the lvisTraveler 2020 (section 2.2) and Alibaba 2020 (section 4.1) reports.

R RoIs, K categories, G = 4 groups of categories. The K + 6 logits of a RoI are those of the
categories in their own order, one "others" logit for each group, background and foreground: their
places do not depend on the counts. Background is label K.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.losses.over_workers import common_generator, gathered, num_workers
from longtail.losses.reduction import mean_over_rois

GROUP_EDGES = (10, 100, 1000)
NUM_GROUPS = len(GROUP_EDGES) + 1
EXTRA_LOGITS = NUM_GROUPS + 2


def groups_by_instances(instance_count: Tensor) -> Tensor:
    """(K,) int64, the group of each category: below 10, 100 and 1000 instances, and all others.

    Args:
        instance_count: (K,) training instances.
    """
    edges = torch.tensor(GROUP_EDGES, device=instance_count.device)
    return torch.bucketize(instance_count, edges, right=True)


def balanced_group_softmax_loss(
    logits: Tensor, labels: Tensor, weights: Tensor, groups: Tensor, others_per_member: float
) -> Tensor:
    """L = sum_g 1/max(n_g, 1) sum_(i drawn for g) w_i CE_g(z_i, y_i) over G groups and bg / fg.

    In group g a RoI of another group's category, or of background, has the label "others". A group
    learns from its n members and floor(beta n) "others" drawn among all workers' RoIs; n_g is how
    many it learns from. The background / foreground pair learns from all RoIs.

    The public code divides by the sum of the weights of the RoIs that are drawn; here a weight
    never raises the share of other RoIs, see `mean_over_rois`.

    Args:
        logits: (R, K + 6) z.
        labels: (R,) int64 in 0..K.
        weights: (R,) w, the factor of each RoI.
        groups: (K,) int64, see `groups_by_instances`.
        others_per_member: beta.
    """
    num_categories = len(groups)
    everyone, own = gathered(labels)
    drawn = draw_rois(everyone, groups, others_per_member, common_generator(labels.device))
    pair = F.cross_entropy(logits[:, -2:], (labels < num_categories).long(), reduction="none")
    loss = mean_over_rois(pair, weights)
    for group in range(NUM_GROUPS):
        targets = torch.where(_members(labels, groups, group), labels, num_categories + group)
        losses = F.cross_entropy(_of_group(logits, groups, group), targets, reduction="none")
        total = (losses * weights * drawn[own, group]).sum()
        loss = loss + total * num_workers() / drawn[:, group].sum().clamp(min=1)
    return loss


def draw_rois(
    labels: Tensor, groups: Tensor, others_per_member: float, generator: torch.Generator
) -> Tensor:
    """(R, G) bool, the RoIs that each group learns from.

    All of its n members, and floor(beta n) others chosen at random, or all if there are fewer.

    Args:
        labels: (R,) int64 in 0..K, of the whole batch.
        groups: (K,) int64 group of each category.
        others_per_member: beta.
        generator: Of the CPU.
    """
    noise = torch.rand(len(labels), NUM_GROUPS, generator=generator).to(labels.device)
    members = torch.stack([_members(labels, groups, g) for g in range(NUM_GROUPS)], dim=1)
    # Members have the rank of noise 2, behind all others.
    ranks = noise.masked_fill(members, 2).argsort(dim=0).argsort(dim=0)
    return members | (ranks < (others_per_member * members.sum(dim=0)).floor())


def balanced_group_softmax_scores(logits: Tensor, groups: Tensor) -> Tensor:
    """(R, K + 1) s_j = softmax_g(z)[j] p_fg, and p_bg last; a row sums to more than 1.

    Args:
        logits: (R, K + 6) z.
        groups: (K,) int64 group of each category.
    """
    background, foreground = logits[:, -2:].log_softmax(dim=1).unbind(dim=1)
    log_sums = torch.stack(
        [_of_group(logits, groups, group).logsumexp(dim=1) for group in range(NUM_GROUPS)], dim=1
    )
    within = logits[:, : len(groups)] - log_sums[:, groups]
    return torch.cat([within + foreground[:, None], background[:, None]], dim=1).exp()


def _members(labels: Tensor, groups: Tensor, group: int) -> Tensor:
    """(R,) bool: the RoI's own category is in the group."""
    return F.pad(groups == group, (0, 1))[labels]


def _of_group(logits: Tensor, groups: Tensor, group: int) -> Tensor:
    """(R, K + G) logits, -inf for all but the group's categories and its "others"."""
    column = torch.arange(NUM_GROUPS, device=groups.device)
    taking_part = torch.cat([groups, column]) == group
    return logits[:, :-2].masked_fill(~taking_part, -math.inf)
