"""Calibration maps that are logistic regressions with rising slopes: Platt, temperature, beta.

n judged detections, p features of a score that rise with it.

- Platt scaling, sigmoid(slope * log odds of the score + intercept): Platt (Probabilistic Outputs
  for Support Vector Machines, 1999) scales the margin of a classifier; a result file has scores in
  [0, 1], whose log odds take its place, so that slope 1 and intercept 0 change nothing. The slope
  removes over- and underconfidence, the intercept a shift.
- Temperature scaling, sigmoid(log odds of the score / temperature): Guo et al., On Calibration of
  Modern Neural Networks, ICML 2017, for a single score. It has no intercept: it cannot remove a
  shift, and a merge of shifted sources can be worse with it than without; Platt scaling can.
- Beta calibration, sigmoid(low * log s - high * log(1 - s) + intercept): Kull, Silva Filho and
  Flach, Beta calibration, AISTATS 2017: the map that is right where the scores of true and
  of false positives follow beta distributions. With low = high it is Platt scaling of log odds;
  apart, it bends scores near 0 and near 1 differently.
"""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

MIN_SLOPE = 1e-3
"""A slope is never lower, so that a map always rises."""

SMALLEST = 1e-9
"""Scores nearer to 0 or 1 count as this near, so that logarithms are finite."""


def log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(s / (1 - s)) of (n,) scores in [0, 1], within +-20.8.

    scipy's `logit` rounds otherwise in the last bits, and calibrated scores would change with it.
    """
    inner = scores.clip(SMALLEST, 1 - SMALLEST)
    odds: NDArray[np.float64] = np.log(inner) - np.log1p(-inner)
    return odds


def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-values)), without overflow."""
    # Most merges need nothing of scipy, whose import takes as long as a small merge.
    from scipy.special import expit

    result: NDArray[np.float64] = expit(values)
    return result


def fit_logistic(
    features: NDArray[np.float64], true_positive: NDArray[np.bool_], with_intercept: bool
) -> NDArray[np.float64]:
    """The slopes, then the intercept, of highest likelihood.

    Targets are Platt's (Probabilistic Outputs for Support Vector Machines, 1999, section 2.2):
    (T + 1) / (T + 2) for the T true positives and 1 / (F + 2) for the F false ones, so that
    detections that can be told apart perfectly have a finite answer too.

    Args:
        features: (n, p) values, n at least 1.
        true_positive: (n,) whether each detection is one.
        with_intercept: False fixes the intercept at 0.

    Returns:
        (p + 1,) float64, slopes of at least `MIN_SLOPE`.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    num_true = int(true_positive.sum())
    num_false = len(true_positive) - num_true
    targets = np.where(true_positive, (num_true + 1) / (num_true + 2), 1 / (num_false + 2))
    columns = np.column_stack([features, np.ones(len(true_positive))])

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values = columns @ weights
        losses = np.logaddexp(0, values) - targets * values
        return float(losses.mean()), columns.T @ (expit(values) - targets) / len(values)

    num_slopes = features.shape[1]
    start = np.append(np.full(num_slopes, 1 / num_slopes), 0.0)
    intercept = (None, None) if with_intercept else (0.0, 0.0)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(MIN_SLOPE, None)] * num_slopes + [intercept],
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1000},
    )
    weights: NDArray[np.float64] = found.x
    return weights


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
    def fit(cls, scores: NDArray[np.float64], true_positive: NDArray[np.bool_]) -> "BetaMap":
        """Fit to (n,) scores in [0, 1] and whether each detection is a true positive."""
        low, high, intercept = fit_logistic(_features(scores), true_positive, with_intercept=True)
        return cls(float(low), float(high), float(intercept))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) calibrated scores."""
        return sigmoid(_features(scores) @ np.array([self.low, self.high]) + self.intercept)


def _features(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    inner = scores.clip(SMALLEST, 1 - SMALLEST)
    return np.column_stack([np.log(inner), -np.log1p(-inner)])


class PlattMap(msgspec.Struct, tag="platt", tag_field="kind", frozen=True):
    """A rising map from score to share of true positives.

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
    def fit(cls, scores: NDArray[np.float64], true_positive: NDArray[np.bool_]) -> "PlattMap":
        """Fit to (n,) scores in [0, 1] and whether each detection is a true positive."""
        slope, intercept = fit_logistic(
            log_odds(scores)[:, None], true_positive, with_intercept=True
        )
        return cls(float(slope), float(intercept))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) calibrated scores."""
        return sigmoid(self.slope * log_odds(scores) + self.intercept)


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
    def fit(cls, scores: NDArray[np.float64], true_positive: NDArray[np.bool_]) -> "TemperatureMap":
        """Fit to (n,) scores in [0, 1] and whether each detection is a true positive."""
        slope, _ = fit_logistic(log_odds(scores)[:, None], true_positive, with_intercept=False)
        return cls(float(1 / slope))

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) calibrated scores."""
        return sigmoid(log_odds(scores) / self.temperature)
