"""The compiled search for repeats next to a set of tuples."""

from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longtail.predictions.checks.repeats import find_repeats, without_repeats
from longtail.predictions.columns import DetectionColumns

Make = Callable[..., DetectionColumns]


def plainly(columns: DetectionColumns) -> list[bool]:
    seen: set[object] = set()
    repeats = []
    rles = columns.rles()
    for row in range(len(columns)):
        numbers = (columns.score[row], columns.score_mask[row], *columns.boxes[row])
        ids = (columns.image_id[row], columns.category_id[row])
        key = (*map(int, ids), *map(float.hex, map(float, numbers)), rles[row])
        repeats.append(key in seen)
        seen.add(key)
    return repeats


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), num=st.integers(0, 120), variety=st.integers(1, 40))
def test_repeats_are_those_of_a_plain_search(
    random_columns: Make, seed: int, num: int, variety: int
) -> None:
    rng = np.random.default_rng(seed)
    some = random_columns(np.sort(rng.integers(0, 5, variety)).tolist(), seed % 7)
    # Few values, so that rows differ in one column only.
    for column in (some.score, some.score_mask, some.boxes):
        column[:] = np.round(column)
    some.category_id[:] = some.category_id % 2
    columns = some.take(np.sort(rng.integers(0, variety, num)))
    expected = plainly(columns)
    assert find_repeats(columns).tolist() == expected
    kept = without_repeats(columns)
    assert len(kept) == num - sum(expected) and not find_repeats(kept).any()


def test_an_image_of_many_rows_needs_a_larger_table(random_columns: Make) -> None:
    once = random_columns([1] * 3 + [2] * 1000 + [3] * 2)
    twice = once.take(np.repeat(np.arange(len(once)), 2))
    assert find_repeats(twice).tolist() == [False, True] * len(once)
