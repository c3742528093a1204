"""Isotonic calibration: the rising map nearest to what was seen, whatever its form.

Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass Probability Estimates,
KDD 2002. It pools neighbouring scores whose precision would fall and gives the pool its precision,
so scores in a pool tie; `calibrated` in `calibration_maps` adds what keeps their order. It needs
some hundred right and wrong detections, or it follows chance.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from ensemble.score_knots import check_knots, interpolate


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
    def fit(cls, scores: NDArray[np.float64], right: NDArray[np.bool_]) -> "IsotonicMap":
        """Fit to (n,) scores in [0, 1] and whether each detection is right; n at least 1."""
        # Only a fit needs scipy, whose import takes as long as a small merge.
        from scipy.optimize import isotonic_regression

        distinct, which, counts = np.unique(scores, return_inverse=True, return_counts=True)
        precision = np.bincount(which, right) / counts
        pooled = isotonic_regression(precision, weights=counts)
        ends = np.unique(np.concatenate([pooled.blocks[:-1], pooled.blocks[1:] - 1]))
        values = np.maximum.accumulate(pooled.x[ends].clip(0, 1))
        return cls(tuple(distinct[ends].tolist()), tuple(values.tolist()))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) calibrated scores, with ties."""
        return interpolate(scores, self.knots, self.values)
