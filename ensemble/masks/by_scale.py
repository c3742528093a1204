"""The test scale whose mask suits an object: fine ones for small and thin objects.

Source: lvisTraveler (LVIS challenge 2020, report 000), test-time modification 4: the mask comes
from the resolution chosen by box scale and area ratio. The report gives the rule for the levels of
a feature pyramid only (its Eq. 1):

    level = min(floor(log2(sqrt(box area) / 56)), floor(mask area / (0.25 box area)), 3)

and at least 0, with 3 the coarsest. Where we differ: files tell pixels of the original image, not
of the network's input, and a scale is chosen instead of a level: the levels from 3 to 0 are spread
evenly over the scales from the smallest to the largest. Mask and box are those of the cluster's
member of highest weighted score.

C clusters, D detections.
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

FINEST_SIDE = 56.0
AREA_RATIO_STEP = 0.25
COARSEST_LEVEL = 3


def levels(box_areas: NDArray[np.float64], mask_areas: NDArray[np.int64]) -> NDArray[np.int64]:
    """(C,) level of each object, 0 the finest, 3 the coarsest.

    Args:
        box_areas: (C,) over 0, in pixels of the original image.
        mask_areas: (C,) pixels.
    """
    by_size = np.floor(np.log2(np.sqrt(box_areas) / FINEST_SIDE))
    by_ratio = np.floor(mask_areas / (AREA_RATIO_STEP * box_areas))
    level = np.minimum(np.minimum(by_size, by_ratio), COARSEST_LEVEL)
    return np.maximum(level, 0).astype(np.int64)


def wanted_scales(level: NDArray[np.int64], scales: Sequence[int]) -> NDArray[np.int64]:
    """(C,) the scale for each level, of those there are."""
    ordered = np.unique(scales)
    share = (COARSEST_LEVEL - level) / COARSEST_LEVEL
    chosen: NDArray[np.int64] = ordered[np.floor(share * (len(ordered) - 1) + 0.5).astype(np.int64)]
    return chosen


@njit(cache=True, nogil=True)
def members_of_scale(
    wanted: NDArray[np.int64],
    row_scales: NDArray[np.int64],
    members: NDArray[np.int64],
    member_starts: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(C,) the row whose mask each cluster takes: the best member of the nearest scale.

    Of two scales that are equally near, the larger; of members of one scale, the first.

    Args:
        wanted: (C,) scale that suits the object.
        row_scales: (D,) scale of each row's source.
        members: Rows of all clusters, the best of each first.
        member_starts: (C + 1,) where each cluster's members start.
    """
    rows = np.empty(len(wanted), np.int64)
    for cluster in range(len(wanted)):
        best = members[member_starts[cluster]]
        for place in range(member_starts[cluster] + 1, member_starts[cluster + 1]):
            row = members[place]
            gain = abs(row_scales[best] - wanted[cluster]) - abs(row_scales[row] - wanted[cluster])
            if gain > 0 or (gain == 0 and row_scales[row] > row_scales[best]):
                best = row
        rows[cluster] = best
    return rows
