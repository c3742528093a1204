"""Temperature scaling: sigmoid(log odds of the score / temperature).

Guo et al., On Calibration of Modern Neural Networks, ICML 2017, for a single score. It has no
intercept: it cannot remove a shift, and a merge of shifted sources can be worse with it than
without; Platt scaling can.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from ensemble.logistic_fit import fit_logistic, log_odds, sigmoid


class TemperatureMap(msgspec.Struct, tag="temperature", tag_field="kind", frozen=True):
    """A rising map that leaves a score of one half where it is.

    Attributes:
        temperature: Over 0; over 1 moves scores towards one half.
    """

    temperature: float

    def __post_init__(self) -> None:
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"temperature {self.temperature}: must be over 0")

    @classmethod
    def fit(cls, scores: NDArray[np.float64], right: NDArray[np.bool_]) -> "TemperatureMap":
        """Fit to (n,) scores in [0, 1] and whether each detection is right."""
        slope, _ = fit_logistic(log_odds(scores)[:, None], right, with_intercept=False)
        return cls(float(1 / slope))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) calibrated scores."""
        return sigmoid(log_odds(scores) / self.temperature)
