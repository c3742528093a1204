"""What a fusion method is given, and what it finds.

L rows in fusing order, by image and category and then falling score; S groups of one image and
category; C clusters.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ensemble.fusion.overlap import Shapes


class SortedRows(NamedTuple):
    """The detections that a method joins, group by group.

    Attributes:
        shapes: What is compared: L boxes, or L masks.
        boxes: (L, 4) float64 xyxy as fractions of the image's width and height.
        scores: (L,) float64 scores times the weights of their sources.
        starts: (S + 1,) int64, where each group starts.
    """

    shapes: Shapes
    boxes: NDArray[np.float64]
    scores: NDArray[np.float64]
    starts: NDArray[np.int64]


class FoundClusters(NamedTuple):
    """Clusters over L rows in fusing order.

    Attributes:
        first: (C,) int64, the best row.
        scores: (C,) float64, the new score; of methods that average, the mean of the members'.
        boxes: (C, 4) float64, the new box xyxy as fractions of the image.
        cluster_of: (L,) int64, the cluster of each row, -1 for a row that is dropped.
    """

    first: NDArray[np.int64]
    scores: NDArray[np.float64]
    boxes: NDArray[np.float64]
    cluster_of: NDArray[np.int64]


def clusters_of_keepers(
    rows: SortedRows,
    keeper: NDArray[np.int64],
    first: NDArray[np.int64] | None = None,
    scores: NDArray[np.float64] | None = None,
) -> FoundClusters:
    """Clusters of a row that is kept and the rows that it suppresses.

    Args:
        rows: The L rows.
        keeper: (L,) the row that suppresses each, or the row itself.
        first: (C,) the kept rows that make a cluster, in its order; None for all of them.
        scores: (C,) their new scores; None leaves them.
    """
    if first is None:
        first = np.flatnonzero(keeper == np.arange(len(keeper)))
    place = np.full(len(keeper), -1)
    place[first] = np.arange(len(first))
    new_scores = rows.scores[first] if scores is None else scores
    return FoundClusters(first, new_scores, rows.boxes[first], place[keeper])
