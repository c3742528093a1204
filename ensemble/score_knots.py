"""A rising map given by points, linear between them and level outside them."""

from collections.abc import Sequence
from itertools import pairwise

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
