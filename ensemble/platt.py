"""Platt scaling: sigmoid(slope * log odds of the score + intercept).

Platt (Probabilistic Outputs for Support Vector Machines, 1999) scales the margin of a classifier;
a result file has scores in [0, 1], whose log odds take its place, so that slope 1 and intercept 0
change nothing. The slope removes over- and underconfidence, the intercept a shift.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from ensemble.logistic_fit import fit_logistic, log_odds, sigmoid


class PlattMap(msgspec.Struct, tag="platt", tag_field="kind", frozen=True):
    """A rising map from score to share of right detections.

    Attributes:
        slope: Over 0.
        intercept: In log odds.
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (0 < self.slope < math.inf and math.isfinite(self.intercept)):
            raise ValueError(f"slope {self.slope}, intercept {self.intercept}: slope must be > 0")

    @classmethod
    def fit(cls, scores: NDArray[np.float64], right: NDArray[np.bool_]) -> "PlattMap":
        """Fit to (n,) scores in [0, 1] and whether each detection is right."""
        slope, intercept = fit_logistic(log_odds(scores)[:, None], right, with_intercept=True)
        return cls(float(slope), float(intercept))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) calibrated scores."""
        return sigmoid(self.slope * log_odds(scores) + self.intercept)
