"""The scores of masks, where sources score them apart from boxes.

Objects form by `score`. The score of an object's mask comes of the members' `score_mask` as its
score comes of their `score`. D detections of one block, C clusters, M sources.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.fusion.agreement import score_by_agreement
from ensemble.fusion.clusters import Clusters
from ensemble.fusion.methods.method import FusionMethod
from ensemble.sources.blocks import Block


def fused_mask_scores(
    block: Block,
    clusters: Clusters,
    weights: NDArray[np.float64],
    method: FusionMethod,
    counted: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64]:
    """(C,) scores of masks; the very scores of the clusters where no source scores masks.

    A method that averages takes the mean by the rule of scores. The others take the best member's,
    lowered by the factor that its score was lowered by.

    Args:
        block: The detections.
        clusters: What fusion made of them.
        weights: (M,) weight of each source.
        method: How clusters were formed.
        counted: (D, M) the sources that an object is judged by, as `fuse` got them.
    """
    columns = block.columns
    if bool((columns.score == columns.score_mask).all()):
        return clusters.scores
    if method.averages:
        own = columns.score_mask * weights[block.sources]
        means = _means(own, clusters.members, clusters.member_starts)
        who = clusters.members, clusters.member_starts, block.sources
        return score_by_agreement(means, *who, weights, counted)
    share = (weights / weights.max())[block.sources[clusters.best]]
    before = columns.score[clusters.best] * share
    factors = np.where(before > 0, clusters.scores, 1) / np.where(before > 0, before, 1)
    own = columns.score_mask[clusters.best] * share
    lowered: NDArray[np.float64] = np.where(own == before, clusters.scores, own * factors)
    return lowered


@njit(cache=True, nogil=True)
def _means(
    values: NDArray[np.float64], members: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(C,) means over the members, rounded to float32 where WBF rounds them."""
    means = np.empty(len(starts) - 1)
    for cluster in range(len(means)):
        total = values[members[starts[cluster]]]
        size = starts[cluster + 1] - starts[cluster]
        for place in range(starts[cluster] + 1, starts[cluster + 1]):
            total += values[members[place]]
        means[cluster] = np.float32(total / size) if size > 1 else total
    return means
