"""How many votes the members of a cluster have on its mask.

D detections of one block, C clusters, S of them chosen. Votes are whole numbers, so that sums and
ties are exact and no order matters: weights are multiplied by a power of two and rounded, which
changes no ratio of weights that are whole numbers with a sum below 2**30.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.clusters import Clusters
from ensemble.fusion.settings import FusionSettings
from longtail.predictions.columns import DetectionColumns

# 32 bits hold the votes of a cluster.
VOTE_BITS = 30


@dataclass(frozen=True, eq=False)
class VoteWeights:
    """The votes of S clusters.

    Attributes:
        members: Rows of the detections that vote, one cluster after the other.
        starts: (S + 1,) where the members of each cluster start; none is empty.
        votes: Of each member, a whole number.
        thresholds: (S,) votes that put a pixel into the mask.
    """

    members: NDArray[np.int64]
    starts: NDArray[np.int64]
    votes: NDArray[np.int64]
    thresholds: NDArray[np.float64]

    @property
    def first(self) -> NDArray[np.int64]:
        """(S,) a row of each cluster, for what its members share."""
        return self.members[self.starts[:-1]]


def vote_weights_of(
    columns: DetectionColumns,
    clusters: Clusters,
    chosen: NDArray[np.int64],
    source_weights: NDArray[np.float64],
    settings: FusionSettings,
    bits: int = VOTE_BITS,
) -> VoteWeights:
    """The votes of some clusters.

    Args:
        columns: The D detections.
        clusters: Who votes together.
        chosen: (S,) clusters whose masks are wanted.
        source_weights: (D,) weight of the source of each detection.
        settings: `mask_weights` and `mask_thr`.
        bits: The votes of a cluster add up to about 2**bits.
    """
    sizes = clusters.sizes[chosen]
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    shifts = clusters.member_starts[chosen] - starts[:-1]
    members = clusters.members[np.arange(starts[-1]) + np.repeat(shifts, sizes)]
    weights = source_weights[members]
    if settings.mask_weights == "score":
        weights = weights * columns.score[members]
    votes = whole_votes(weights, starts, bits)
    sums = np.add.reduceat(votes, starts[:-1]) if len(chosen) else votes
    thresholds: NDArray[np.float64] = settings.mask_thr * sums.astype(np.float64)
    return VoteWeights(members, starts, votes, thresholds)


def whole_votes(
    weights: NDArray[np.float64], starts: NDArray[np.int64], bits: int = VOTE_BITS
) -> NDArray[np.int64]:
    """Weights as whole numbers, by cluster; where all of a cluster's are 0, its members are equal.

    Args:
        weights: Weights of the members, one cluster after the other, at least 0.
        starts: (S + 1,) where each cluster's members start; none is empty.
        bits: They add up to about 2**bits.
    """
    if not len(weights):
        return np.zeros(0, np.int64)
    sizes = np.diff(starts)
    sums = np.repeat(np.add.reduceat(weights, starts[:-1]), sizes)
    weights = np.where(sums > 0, weights, 1.0)
    sums = np.where(sums > 0, sums, np.repeat(sizes, sizes))
    # A sum of m * 2**e with m < 1 becomes one below 2**bits.
    exponents = bits - np.frexp(sums)[1]
    votes: NDArray[np.int64] = np.rint(np.ldexp(weights, exponents)).astype(np.int64)
    return votes
