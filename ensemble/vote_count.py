"""How many sources a cluster is judged by: those that could have found its object.

D detections of one block, C clusters, M sources. WBF multiplies a cluster's mean score by
min(members, sources) / sum of the sources' weights. A source that cannot fire there (an expert for
other categories, a test scale for other object sizes, an image it was not run on) would count as a
vote against the object; it is left out of both numbers here.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.fusion_settings import AbsentSources
from longtail.categories import FREQUENCY_GROUPS


def counted_sources(
    may_fire: NDArray[np.bool_] | None,
    groups: NDArray[np.int64],
    absent: AbsentSources,
    num_sources: int,
) -> NDArray[np.bool_] | None:
    """(D, M) the sources that an object found at a row is judged by; None: by all of them.

    A row without a source stands for a cluster that is judged by the sources of its members only.

    Args:
        may_fire: (D, M) whether a source can find an object of the row's image, category and
            size; None where all can.
        groups: (D,) index into `FREQUENCY_GROUPS`.
        absent: The groups in which silent sources are left out.
        num_sources: M.
    """
    by_letter = {"r": absent.rare, "c": absent.common, "f": absent.frequent}
    counts = np.array([by_letter[letter] == "counts" for letter in FREQUENCY_GROUPS])
    if counts.all():
        return may_fire
    if may_fire is None:
        may_fire = np.ones((len(groups), num_sources), np.bool_)
    counted: NDArray[np.bool_] = may_fire & counts[groups][:, None]
    return counted


def score_by_agreement(
    means: NDArray[np.float64],
    members: NDArray[np.int64],
    member_starts: NDArray[np.int64],
    sources: NDArray[np.int64],
    weights: NDArray[np.float64],
    counted: NDArray[np.bool_] | None,
) -> NDArray[np.float64]:
    """(C,) mean score times min(members, sources) / sum of the sources' weights.

    The sources are all, or those counted at the first member and those that have a member. The
    score can pass 1 where the weights differ and one source has two members.

    Args:
        means: (C,) mean of the members' scores times their sources' weights.
        members: Rows of each cluster, one cluster after the other, the best first.
        member_starts: (C + 1,) where each cluster's members start.
        sources: (D,) index of the source of each row.
        weights: (M,) weight of every source.
        counted: (D, M) from `counted_sources`.
    """
    sizes = np.diff(member_starts)
    numbers: NDArray[np.int64] | int = len(weights)
    totals: NDArray[np.float64] | float = weights.sum()
    if counted is not None:
        numbers, sums = _count(members, member_starts, sources, weights, counted)
        # The sum of all weights must not depend on how it is taken.
        totals = np.where(numbers == len(weights), totals, sums)
    scores: NDArray[np.float64] = means * np.minimum(numbers, sizes) / totals
    return scores


def largest_score(weights: NDArray[np.float64]) -> float:
    """What no score of `score_by_agreement` passes, but for rounding; 1 for equal weights.

    Two sure members of the heaviest source are judged by it and by k of the lightest others: their
    score is its weight times (k + 1) / sum of the weights.

    Args:
        weights: (M,) weight of every source.
    """
    ascending = np.sort(weights)
    heaviest, others = ascending[-1], ascending[:-1]
    if bool((others == heaviest).all()):
        return 1.0
    sums = heaviest + np.cumsum(others)
    return float((heaviest * np.arange(2, len(weights) + 1) / sums).max(initial=1.0))


@njit(cache=True, nogil=True)
def _count(
    members: NDArray[np.int64],
    member_starts: NDArray[np.int64],
    sources: NDArray[np.int64],
    weights: NDArray[np.float64],
    counted: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    num_clusters = len(member_starts) - 1
    numbers = np.zeros(num_clusters, np.int64)
    totals = np.zeros(num_clusters)
    for cluster in range(num_clusters):
        rows = members[member_starts[cluster] : member_starts[cluster + 1]]
        judges = counted[rows[0]].copy()
        for row in rows:
            judges[sources[row]] = True
        for source in range(len(weights)):
            if judges[source]:
                numbers[cluster] += 1
                totals[cluster] += weights[source]
    return numbers, totals
