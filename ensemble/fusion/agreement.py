"""How many sources a cluster is judged by: those that could have found its object.

D detections of one block, C clusters, M sources, K categories. A source cannot find an object of a
category that it does not know (an expert, or one that is trusted with some frequency groups), of a
size that it is not trusted with, or in an image that it was not run on. An image without a single
detection of a source counts as such: detectors that are run with a score threshold of 0 always say
something.

WBF multiplies a cluster's mean score by min(members, sources) / sum of the sources' weights. A
source that could not have found the object would count as a vote against it; it is left out of both
numbers.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.fusion.settings import AbsentSources
from ensemble.sources.blocks import Block
from ensemble.sources.source_set import SourceSet
from ensemble.sources.valid_area import box_sides
from longtail.categories import FREQUENCY_GROUPS


def possible_sources(
    block: Block, seen: NDArray[np.bool_], sources: SourceSet
) -> NDArray[np.bool_] | None:
    """(D, M) whether a source can find the object of a row; None where all can find all.

    Args:
        block: The detections.
        seen: (M, images of the block) whether the source was run on the image.
        sources: The M sources.
    """
    trusted = sources.trusted_categories
    if seen.all() and trusted.all() and all(area.is_everything for area in sources.areas):
        return None
    found = np.ones((len(block), len(sources)), np.bool_)
    sides = box_sides(block.columns.boxes)
    for source, area in enumerate(sources.areas):
        if not seen[source].all():
            found[:, source] &= seen[source][block.images]
        if not trusted[source].all():
            found[:, source] &= trusted[source][block.categories]
        if not area.is_everything:
            found[:, source] &= area.holds(sides)
    return found


def counted_sources(
    possible: NDArray[np.bool_] | None,
    groups: NDArray[np.int64],
    absent: AbsentSources,
    num_sources: int,
) -> NDArray[np.bool_] | None:
    """(D, M) the sources that an object found at a row is judged by; None: by all of them.

    A row without a source stands for a cluster that is judged by the sources of its members only.

    Args:
        possible: (D, M) whether a source can find an object of the row's image, category and
            size; None where all can.
        groups: (D,) index into `FREQUENCY_GROUPS`.
        absent: The groups in which silent sources are left out.
        num_sources: M.
    """
    by_letter = {"r": absent.rare, "c": absent.common, "f": absent.frequent}
    counts = np.array([by_letter[letter] == "counts" for letter in FREQUENCY_GROUPS])
    if counts.all():
        return possible
    if possible is None:
        possible = np.ones((len(groups), num_sources), np.bool_)
    counted: NDArray[np.bool_] = possible & counts[groups][:, None]
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
