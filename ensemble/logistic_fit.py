"""Logistic regression with rising slopes: what Platt, temperature and beta calibration share.

n judged detections, p features of a score that rise with it.
"""

import numpy as np
from numpy.typing import NDArray

MIN_SLOPE = 1e-3
"""A slope is never lower, so that a map always rises."""

SMALLEST = 1e-9
"""Scores nearer to 0 or 1 count as this near, so that logarithms are finite."""


def log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """log(s / (1 - s)) of (n,) scores in [0, 1], within +-20.8."""
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
    features: NDArray[np.float64], right: NDArray[np.bool_], with_intercept: bool
) -> NDArray[np.float64]:
    """The slopes, then the intercept, of highest likelihood.

    Targets are Platt's (Probabilistic Outputs for Support Vector Machines, 1999, section 2.2):
    (R + 1) / (R + 2) for the R right detections and 1 / (W + 2) for the W wrong ones, so that
    detections that can be told apart perfectly have a finite answer too.

    Args:
        features: (n, p) values, n at least 1.
        right: (n,) which detections are right.
        with_intercept: False fixes the intercept at 0.

    Returns:
        (p + 1,) float64, slopes of at least `MIN_SLOPE`.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    num_right = int(right.sum())
    num_wrong = len(right) - num_right
    targets = np.where(right, (num_right + 1) / (num_right + 2), 1 / (num_wrong + 2))
    columns = np.column_stack([features, np.ones(len(right))])

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
