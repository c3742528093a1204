"""Pairs of a proposal and a category by falling score. P proposals, K categories."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

GROWTH = 4
"""So many parts are sorted at first, and then so many times the pairs handed out so far."""


@dataclass(frozen=True)
class RankedPairs:
    """Some pairs, by falling score; of equal scores the first proposal and category come first.

    Attributes:
        rows: (n,) int64, the proposal.
        labels: (n,) int64 in 0..K-1.
        scores: (n,).
    """

    rows: Tensor
    labels: Tensor
    scores: Tensor


def ranked_pairs(scores: Tensor, threshold: float, size: int) -> Iterator[RankedPairs]:
    """All pairs that score over the threshold, in parts of `size`: the best ones come first.

    Finding the best thousands among a million costs a tenth of sorting them all, so that more are
    sorted only when they are asked for.

    Args:
        scores: (P, K) finite, without background.
        threshold: In [0, 1).
        size: Pairs of a part; the last one has what is left.
    """
    flat, done, count = scores.flatten(), 0, size * GROWTH
    while done < len(flat):
        best, index = _best(flat, count)
        num_over = int((best > threshold).sum())
        for start in range(done, num_over, size):
            part = index[start : min(start + size, num_over)]
            yield RankedPairs(part // scores.shape[1], part % scores.shape[1], flat[part])
        if num_over < count:
            return
        done, count = count, count * GROWTH


def _best(flat: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` best of (n,) scores with their indices; of equal ones the first."""
    best, index = flat.topk(min(count + 1, len(flat)))
    if len(best) > count and best[count] == best[count - 1]:
        # Which of the equal scores at the end are in, `topk` leaves open.
        index = index[best > best[count]]
        equal = torch.nonzero(flat == best[count]).flatten()
        index = torch.cat([index, equal[: count - len(index)]])
    index = index[:count].sort().values
    order = flat[index].sort(descending=True, stable=True)
    return order.values, index[order.indices]
