import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.references.fusion import iou, soften_reference

from ensemble.fusion.overlap import box_shapes
from ensemble.fusion.soft_nms import soften

Floats = NDArray[np.float64]
SIGMA = 0.5
# Few different corners and scores: many equal boxes, touching boxes and ties.
BOX = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 4), st.integers(1, 4)).map(
    lambda box: [box[0], box[1], box[0] + box[2], box[1] + box[3]]
)
SEGMENT = st.lists(st.tuples(st.sampled_from([0.0, 1e-3, 0.2, 0.5, 0.9, 1.0]), BOX), max_size=12)


def lower(
    boxes: Floats,
    scores: Floats,
    is_gaussian: bool,
    iou_thr: float = 0.5,
    min_score: float = 1e-3,
    starts: list[int] | None = None,
) -> list[tuple[int, float]]:
    """Row and lowered score of those that stay."""
    taken, lowered = soften(
        box_shapes(boxes),
        np.arange(len(boxes)),
        np.array(starts or [0, len(boxes)]),
        scores,
        is_gaussian,
        iou_thr,
        SIGMA,
        min_score,
    )
    return list(zip(taken.tolist(), lowered.tolist(), strict=True))


def factor_of(is_gaussian: bool, iou_thr: float) -> Callable[[float], float]:
    if is_gaussian:
        return lambda shared: math.exp(-(shared**2) / SIGMA)
    return lambda shared: 1 - shared if shared > iou_thr else 1.0


@pytest.mark.parametrize(
    ("is_gaussian", "expected"),
    [(False, [0.9, 0.7, 0.16]), (True, [0.9, 0.508304, 0.134911])],
)
def test_hand_computed_scores(is_gaussian: bool, expected: list[float]) -> None:
    # IoU with the first: 80/100 and 40/100; of the other two 40/80.
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 8], [0, 0, 10, 4]], np.float64)
    stay = lower(boxes, np.array([0.9, 0.8, 0.7]), is_gaussian)
    assert [row for row, _ in stay] == [0, 2, 1]
    np.testing.assert_allclose([score for _, score in stay], expected, atol=1e-6)


@settings(max_examples=300, deadline=None)
@given(SEGMENT, st.booleans(), st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.sampled_from([0.0, 0.1]))
def test_scores_are_those_of_the_definition(
    group: list[tuple[float, list[float]]], is_gaussian: bool, iou_thr: float, min_score: float
) -> None:
    group = sorted(group, key=lambda row: -row[0])
    scores = [score for score, _ in group]
    boxes = [box for _, box in group]
    fast = lower(
        np.array(boxes, np.float64).reshape(-1, 4),
        np.array(scores, np.float64),
        is_gaussian,
        iou_thr,
        min_score,
    )
    slow = soften_reference(
        scores, lambda i, j: iou(boxes[i], boxes[j]), factor_of(is_gaussian, iou_thr), min_score
    )
    assert [row for row, _ in fast] == [row for row, _ in slow]
    np.testing.assert_allclose([s for _, s in fast], [s for _, s in slow], rtol=1e-12)


def random_boxes(seed: int, size: int) -> Floats:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 0.5, (size, 2))
    return np.concatenate([corner, corner + random.uniform(0.1, 0.5, (size, 2))], axis=1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("is_gaussian", [False, True])
def test_scores_fall_and_none_is_over_what_it_was(seed: int, is_gaussian: bool) -> None:
    scores = np.linspace(0.99, 0.1, 80)
    stay = lower(random_boxes(seed, 80), scores, is_gaussian)
    lowered = [score for _, score in stay]
    assert lowered == sorted(lowered, reverse=True)
    assert all(score <= scores[row] for row, score in stay)
    # Scores really change, unlike those that ensemble-boxes returns.
    assert sum(score < scores[row] for row, score in stay) > 20


def test_segments_do_not_see_one_another() -> None:
    boxes, scores = random_boxes(1, 50), np.linspace(0.9, 0.2, 50)
    split = 20
    both = lower(boxes, scores, True, starts=[0, split, split, 50])
    head = lower(boxes[:split], scores[:split], True)
    tail = lower(boxes[split:], scores[split:], True)
    assert both == [*head, *((row + split, score) for row, score in tail)]


def test_linear_decay_begins_over_the_threshold() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 8]], np.float64)
    assert lower(boxes, np.array([0.9, 0.8]), False, iou_thr=0.8) == [(0, 0.9), (1, 0.8)]


def test_the_same_box_again_is_dropped_by_linear_decay() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 10]], np.float64)
    assert lower(boxes, np.array([0.9, 0.8]), False) == [(0, 0.9)]


def test_a_score_of_exactly_the_least_stays() -> None:
    apart = np.array([[0, 0, 1, 1], [2, 2, 3, 3], [4, 4, 5, 5]], np.float64)
    stay = lower(apart, np.array([0.5, 0.25, 0.125]), True, min_score=0.25)
    assert stay == [(0, 0.5), (1, 0.25)]


def test_no_boxes() -> None:
    assert lower(np.empty((0, 4)), np.empty(0), True) == []
