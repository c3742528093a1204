"""Semantic segmentation loss. N images, S categories of stuff and things, maps of h x w cells."""

from torch import Tensor
from torch.nn import functional as F

from longtail.losses.over_workers import share_of_mean

UNLABELLED = 255
"""Label of cells that nothing is learned from."""


def semantic_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """The mean cross-entropy of the labelled cells: Chen et al., HTC, CVPR 2019.

    mmdetection weighs it with 0.2 beside the other losses; the caller does that.

    Args:
        logits: (N, S, h, w).
        labels: (N, h, w) int64 in 0..S-1 or `UNLABELLED`.

    Returns:
        A scalar; 0, still tied to the graph, without labelled cells.
    """
    total = F.cross_entropy(logits, labels, ignore_index=UNLABELLED, reduction="sum")
    return share_of_mean(total, int((labels != UNLABELLED).sum()))
