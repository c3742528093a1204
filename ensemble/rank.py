"""Rank scaling: the share of the source's judged detections that a score exceeds.

It makes the scores of sources comparable without looking at what is right, and says nothing of
precision. Only the order of a source's scores is left: fusing by NMS can use that, averaging
(weighted boxes fusion) cannot.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from ensemble.score_knots import check_knots, interpolate

MAX_KNOTS = 1001


class RankMap(msgspec.Struct, tag="rank", tag_field="kind", frozen=True):
    """A rising map onto shares of detections.

    Attributes:
        knots: Scores, rising; at most 1001.
        values: Share of detections below each score, those equal to it counted half.
    """

    knots: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        check_knots(self.knots, self.values)

    @classmethod
    def fit(cls, scores: NDArray[np.float64], right: NDArray[np.bool_]) -> "RankMap":
        """Fit to (n,) scores in [0, 1], n at least 1; what is right does not matter."""
        distinct, counts = np.unique(scores, return_counts=True)
        shares = (np.cumsum(counts) - counts / 2) / len(scores)
        places = np.linspace(0, len(distinct) - 1, min(MAX_KNOTS, len(distinct))).astype(np.int64)
        return cls(tuple(distinct[places].tolist()), tuple(shares[places].tolist()))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) shares."""
        return interpolate(scores, self.knots, self.values)
