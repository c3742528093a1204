"""The Pareto front is what its definition says."""

import numpy as np
import pytest
from numpy.typing import NDArray

from longtail.search.pareto import non_dominated


def dominated_plainly(values: NDArray[np.float64], row: int, keep_equal: bool) -> bool:
    """Another row is as good in all, and better in one or, unless equals stay, earlier."""
    for other in range(len(values)):
        if other != row and (values[other] >= values[row]).all():
            if (values[other] > values[row]).any() or (not keep_equal and other < row):
                return True
    return False


@pytest.mark.parametrize("keep_equal", [False, True])
@pytest.mark.parametrize("num_metrics", [1, 2, 3])
@pytest.mark.parametrize("seed", range(20))
def test_the_front_is_what_its_definition_says(
    num_metrics: int, seed: int, keep_equal: bool
) -> None:
    values = np.random.default_rng(seed).integers(0, 6, (40, num_metrics)).astype(float)
    found = non_dominated(values, keep_equal).tolist()
    expected = [row for row in range(40) if not dominated_plainly(values, row, keep_equal)]
    assert sorted(found) == expected
    assert (np.diff(values[found, 0]) <= 0).all()


def test_equal_rows_stay_together_in_their_order_or_the_first_is_there() -> None:
    values = np.array([[1.0, 1.0], [0.0, 2.0], [1.0, 1.0], [0.0, 1.0], [0.0, 2.0]])
    assert non_dominated(values, keep_equal=True).tolist() == [0, 2, 1, 4]
    assert non_dominated(values, keep_equal=False).tolist() == [0, 1]


def test_no_rows_make_an_empty_front() -> None:
    assert len(non_dominated(np.zeros((0, 2)), keep_equal=True)) == 0
