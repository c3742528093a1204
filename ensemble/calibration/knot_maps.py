"""Calibration maps given by points, linear between them and level outside: isotonic, rank.

- Isotonic calibration: the rising map nearest to what was seen, whatever its form. Zadrozny and
  Elkan, Transforming Classifier Scores into Accurate Multiclass Probability Estimates, KDD 2002. It
  pools neighbouring scores whose precision would fall and gives the pool its precision, so scores
  in a pool tie; `calibrated` in `maps` adds what keeps their order. It needs some hundred true
  and false positives, or it follows chance.
- Rank scaling: the share of the source's judged detections that a score exceeds. It makes the
  scores of sources comparable without looking at what is right, and says nothing of precision. Only
  the order of a source's scores is left: fusing by NMS can use that, averaging (weighted boxes
  fusion) cannot.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray


def interpolate(
    scores: NDArray[np.float64], knots: Sequence[float], values: Sequence[float]
) -> NDArray[np.float64]:
    """(n,) values of the map at (n,) scores."""
    result: NDArray[np.float64] = np.interp(scores, knots, values)
    return result


def check_knots(knots: Sequence[float], values: Sequence[float]) -> None:
    """Check points that were read from a file.

    Raises:
        ValueError: They are none, not as many of both, not rising, or not in [0, 1].
    """
    if not knots or len(knots) != len(values):
        raise ValueError(
            f"{len(knots)} knots and {len(values)} values: as many of both, at least 1"
        )
    if not all(0 <= number <= 1 for number in (*knots, *values)):
        raise ValueError("knots and values must be numbers from 0 to 1")
    if any(a >= b for a, b in pairwise(knots)) or any(a > b for a, b in pairwise(values)):
        raise ValueError("knots must rise, and values must not fall")


class IsotonicMap(msgspec.Struct, tag="isotonic", tag_field="kind", frozen=True):
    """A map that never falls.

    Attributes:
        knots: Scores, rising: the first and the last of each pool.
        values: Precision of the pool.
    """

    knots: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        check_knots(self.knots, self.values)

    @classmethod
    def fit(cls, scores: NDArray[np.float64], true_positive: NDArray[np.bool_]) -> "IsotonicMap":
        """Fit to (n,) scores in [0, 1] and whether each is a true positive; n at least 1."""
        # Only a fit needs scipy, whose import takes as long as a small merge.
        from scipy.optimize import isotonic_regression

        distinct, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
        precision = np.bincount(which, true_positive) / counts
        pooled = isotonic_regression(precision, weights=counts)
        ends = np.unique(np.concatenate([pooled.blocks[:-1], pooled.blocks[1:] - 1]))
        values = np.maximum.accumulate(pooled.x[ends].clip(0, 1))
        return cls(tuple(distinct[ends].tolist()), tuple(values.tolist()))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) calibrated scores, with ties."""
        return interpolate(scores, self.knots, self.values)


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
    def fit(cls, scores: NDArray[np.float64], true_positive: NDArray[np.bool_]) -> "RankMap":
        """Fit to (n,) scores in [0, 1], n at least 1; which are true does not matter."""
        distinct, counts = np.unique(scores, return_counts=True)
        shares = (np.cumsum(counts) - counts / 2) / len(scores)
        places = np.linspace(0, len(distinct) - 1, min(MAX_KNOTS, len(distinct))).astype(np.int64)
        return cls(tuple(distinct[places].tolist()), tuple(shares[places].tolist()))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) shares."""
        return interpolate(scores, self.knots, self.values)
