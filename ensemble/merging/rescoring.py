"""The order in which fused detections compete for an image's `max_dets`: by score + margin.

C clusters of one block of images. Sorting by score + margin says the same as the report's pairwise
rule (`Margins`), and orders rare against common too. The margin is a sort key, applied after fusion
and just before the cut to `max_dets`, and the score written stays the fused one.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.margins import Margins


def order_by_margin(
    images: NDArray[np.int64],
    scores: NDArray[np.float64],
    groups: NDArray[np.int64],
    sources: NDArray[np.int64],
    margins: Margins,
) -> NDArray[np.int64]:
    """(C,) order by image, then falling key.

    Equal keys go by higher score, rarer group, source, and last by the order given. Within a
    category that is the order of the scores, so no category's AP depends on the margins.

    Args:
        images: (C,) image of each cluster.
        scores: (C,) fused scores.
        groups: (C,) index into `FREQUENCY_GROUPS`, rarest first.
        sources: (C,) source of each cluster's best member.
        margins: What each group is given.
    """
    keys = margins.keys(scores, groups)
    return np.lexsort((sources, groups, -scores, -keys, images))


def ranks_in_image(sorted_images: NDArray[np.int64]) -> NDArray[np.int64]:
    """(C,) place of each row within its image, from 0; rows of an image must be adjacent."""
    starts = np.searchsorted(sorted_images, sorted_images, side="left")
    return np.arange(len(sorted_images)) - starts
