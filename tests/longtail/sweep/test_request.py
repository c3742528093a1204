"""Where trials are evaluated on their way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ray.tune.schedulers.async_hyperband import _Bracket

from longtail.sweep.request import rung_steps


@pytest.mark.parametrize(
    ("iterations", "num_rungs", "reduction", "steps"),
    [
        (90, 3, 3, (10, 30, 90)),
        (90, 1, 3, (90,)),
        (100, 3, 3, (12, 36, 100)),
        (7, 4, 2, (1, 2, 4, 7)),
        (2, 5, 4, (1, 2)),
    ],
)
def test_rungs_by_hand(
    iterations: int, num_rungs: int, reduction: int, steps: tuple[int, ...]
) -> None:
    assert rung_steps(iterations, num_rungs, reduction) == steps


@given(st.integers(2, 10_000), st.integers(1, 6), st.integers(2, 5))
def test_ray_tune_puts_its_milestones_there(
    iterations: int, num_rungs: int, reduction: int
) -> None:
    *on_the_way, end = rung_steps(iterations, num_rungs, reduction)
    assert end == iterations
    if on_the_way:
        bracket = _Bracket(on_the_way[0], iterations, reduction, 0)
        milestones = sorted(milestone for milestone, _ in bracket._rungs)
        assert [step for step in milestones if step < iterations] == on_the_way
