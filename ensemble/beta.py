"""Beta calibration: sigmoid(low * log s - high * log(1 - s) + intercept).

Kull, Silva Filho and Flach, Beta calibration, AISTATS 2017: the map that is right where the
scores of right and of wrong detections follow beta distributions. With low = high it is Platt
scaling of log odds; apart, it bends scores near 0 and near 1 differently.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from ensemble.logistic_fit import SMALLEST, fit_logistic, sigmoid


class BetaMap(msgspec.Struct, tag="beta", tag_field="kind", frozen=True):
    """A rising map of three numbers.

    Attributes:
        low: Slope near a score of 0, over 0; the paper's a.
        high: Slope near a score of 1, over 0; the paper's b.
        intercept: In log odds; the paper's c.
    """

    low: float
    high: float
    intercept: float

    def __post_init__(self) -> None:
        if not (0 < min(self.low, self.high) and max(self.low, self.high) < math.inf):
            raise ValueError(f"low {self.low}, high {self.high}: both must be over 0")
        if not math.isfinite(self.intercept):
            raise ValueError(f"intercept {self.intercept}: must be finite")

    @classmethod
    def fit(cls, scores: NDArray[np.float64], right: NDArray[np.bool_]) -> "BetaMap":
        """Fit to (n,) scores in [0, 1] and whether each detection is right."""
        low, high, intercept = fit_logistic(_features(scores), right, with_intercept=True)
        return cls(float(low), float(high), float(intercept))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) calibrated scores."""
        return sigmoid(_features(scores) @ np.array([self.low, self.high]) + self.intercept)


def _features(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    inner = scores.clip(SMALLEST, 1 - SMALLEST)
    return np.column_stack([np.log(inner), -np.log1p(-inner)])
