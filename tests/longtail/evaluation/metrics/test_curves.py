"""The steps of interpolation by hand; whole curves are compared with lvis-api's."""

import numpy as np
import pytest

from longtail.evaluation.metrics.curves import empty_curves, fill_curves, precision_at
from longtail.evaluation.protocol import RECALLS


def test_precision_of_nothing_is_0() -> None:
    assert precision_at(0.0, 0.0) == 0.0
    assert precision_at(1.0, 3.0) == 0.25


@pytest.mark.parametrize("num_instances", [1, 3, 7, 10, 100, 101])
def test_recall_levels_are_reached_to_the_last_digit(num_instances: int) -> None:
    # All found but the last: the level of exactly that recall is reached, the next one is not.
    num_found = num_instances - 1
    curves = empty_curves(num_categories=1, num_areas=1)
    fill_curves(
        np.full(num_found, 2**10 - 1, dtype=np.uint16),
        np.zeros(num_found, dtype=np.uint16),
        np.array([0, num_found]),
        np.array([num_instances]),
        curves.precision[..., 0],
        curves.recall[..., 0],
    )
    reached = (num_found > 0) & (num_found / num_instances >= RECALLS)
    assert ((curves.precision[0, :, 0, 0] > 0) == reached).all()


def test_half_of_the_instances_behind_a_false_positive() -> None:
    # False, then true: precision 1/2 up to recall 1/2, which is 51 of the 101 levels.
    curves = empty_curves(num_categories=2, num_areas=1)
    fill_curves(
        np.array([0, 2**10 - 1], dtype=np.uint16),
        np.zeros(2, dtype=np.uint16),
        np.array([0, 2, 2]),
        np.array([2, 0]),
        curves.precision[..., 0],
        curves.recall[..., 0],
    )
    assert curves.recall[:, 0, 0].tolist() == [0.5] * 10
    assert curves.precision[0, :51, 0, 0] == pytest.approx(0.5)
    assert curves.precision[:, 51:, 0].max() == 0.0
    assert set(curves.precision[:, :, 1].ravel().tolist()) == {-1.0}
