"""Cap and ranking against stable sorts, for scores that make sorting by buckets hard."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from longtail.evaluation.metrics.cap import within_cap
from longtail.evaluation.metrics.sorting import rank_detections

Floats = NDArray[np.float64]

SCORES: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "within a thousandth": lambda rng, num: 0.5 + 1e-3 * rng.random(num),
    "99 of 100 near 0": lambda rng, num: (
        rng.random(num) * np.where(rng.random(num) < 0.99, 1e-6, 1)
    ),
    "clusters of near equals": lambda rng, num: (
        rng.integers(0, 9, num) / 9 + 1e-12 * rng.random(num)
    ),
    "clusters in clusters": lambda rng, num: 1 - 0.5 ** rng.integers(1, 53, num).astype(np.float64),
    "powers of two": lambda rng, num: 0.5 ** rng.integers(0, 1074, num).astype(np.float64),
    "ties of few values": lambda rng, num: rng.choice([0.1, 0.1 + 1e-17, 0.3], num),
    "zeros of both signs": lambda rng, num: rng.choice([0.0, -0.0, 1e-300, -1e-300], num),
    "neighbouring floats": lambda rng, num: 0.7 + rng.integers(0, 5, num) * 2.0**-53,
    "both signs": lambda rng, num: rng.normal(size=num) ** 9,
    "one far away": lambda rng, num: np.append(rng.random(num - 1), -1e300),
    "equal": lambda rng, num: np.full(num, 0.25),
    "rising": lambda rng, num: np.sort(rng.random(num)),
    "falling": lambda rng, num: -np.sort(rng.random(num)),
}


def slow_cap(scores: Floats, image_starts: NDArray[np.int64], max_dets: int) -> NDArray[np.bool_]:
    """Image by image, by a stable sort."""
    kept = np.zeros(len(scores), dtype=np.bool_)
    for start, end in pairwise(image_starts.tolist()):
        kept[start + np.argsort(-scores[start:end], kind="stable")[:max_dets]] = True
    return kept


def slow_ranking(scores: Floats, kept: NDArray[np.bool_], starts: NDArray[np.int64]) -> list[int]:
    """Category by category, by a stable sort of all at once."""
    order = np.lexsort((-scores, np.repeat(np.arange(len(starts) - 1), np.diff(starts))))
    ranked: list[int] = order[kept[order]].tolist()
    return ranked


@pytest.mark.parametrize("name", SCORES)
def test_hard_scores_are_ranked_as_by_a_stable_sort(name: str) -> None:
    rng = np.random.default_rng(0)
    scores = SCORES[name](rng, 20_000)
    starts = np.array([0, 0, 1, 3, 36, 70, 1000, 20_000, 20_000])
    for kept in (np.ones(20_000, dtype=np.bool_), rng.random(20_000) < 0.5):
        order, order_starts = rank_detections(scores, kept, starts)
        assert order.tolist() == slow_ranking(scores, kept, starts)
        assert np.diff(order_starts).tolist() == [
            int(kept[start:end].sum()) for start, end in pairwise(starts.tolist())
        ]


@pytest.mark.parametrize("name", SCORES)
def test_hard_scores_are_capped_as_by_a_stable_sort(name: str) -> None:
    rng = np.random.default_rng(1)
    scores = SCORES[name](rng, 6000)
    starts = np.array([0, 0, 1, 300, 601, 1000, 1001, 6000])
    for max_dets in (1, 2, 299, 300, 301, 4000):
        assert np.array_equal(
            within_cap(scores, starts, max_dets), slow_cap(scores, starts, max_dets)
        )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    scores=st.integers(1, 400).flatmap(
        lambda num: arrays(
            np.float64,
            num,
            elements=st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 0.5]),
        )
    ),
    max_dets=st.integers(1, 400),
)
def test_any_finite_floats_are_ranked_and_capped_as_by_a_stable_sort(
    scores: Floats, max_dets: int
) -> None:
    starts = np.array([0, len(scores) // 3, len(scores)])
    kept = within_cap(scores, starts, max_dets)
    assert np.array_equal(kept, slow_cap(scores, starts, max_dets))
    order, _ = rank_detections(scores, kept, starts)
    assert order.tolist() == slow_ranking(scores, kept, starts)


def test_nothing_is_left_where_nothing_is_kept() -> None:
    order, starts = rank_detections(np.ones(3), np.zeros(3, dtype=np.bool_), np.array([0, 1, 3]))
    assert order.tolist() == []
    assert starts.tolist() == [0, 0, 0]
