"""AP of groups of categories: the four bins by training instances, and gaps by r, c, f."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, INSTANCE_BINS, CategoryTable
from longtail.metrics import UNDEFINED


def ap_by_instance_bin(ap: NDArray[np.float64], categories: CategoryTable) -> dict[str, float]:
    """Mean AP of the categories of each instance-count bin (report 004, Table 1).

    Args:
        ap: (K,) AP by category; categories that do not occur in the evaluated split have -1 and
            are left out.
        categories: Table with the instance counts of the training split.

    Returns:
        A value for each of `INSTANCE_BINS`, -1 for a bin without an occurring category.
    """
    bins = categories.instance_bin()
    return {name: _mean_ap(ap[bins == number]) for number, name in enumerate(INSTANCE_BINS)}


def mean_of_bins(bins: Mapping[str, float]) -> float:
    """bAP: the plain mean of the bins that have categories, each bin weighing the same."""
    defined = [ap for ap in bins.values() if ap != UNDEFINED]
    return sum(defined) / len(defined) if defined else UNDEFINED


def gap_by_group(segm: Mapping[str, float], box: Mapping[str, float]) -> dict[str, float]:
    """Box AP - mask AP of r, c and f: where the mask head loses; -1 where one is undefined."""
    pairs = {letter: (box[f"AP{letter}"], segm[f"AP{letter}"]) for letter in FREQUENCY_GROUPS}
    return {
        letter: UNDEFINED if UNDEFINED in pair else pair[0] - pair[1]
        for letter, pair in pairs.items()
    }


def _mean_ap(ap: NDArray[np.float64]) -> float:
    defined = ap[ap > UNDEFINED]
    return float(defined.mean()) if defined.size else UNDEFINED
