"""Soft suppression of all categories at once: by hand, the slow way, and ensemble-boxes."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from ensemble_boxes.ensemble_boxes_nms import cpu_soft_nms_float
from hypothesis import given, settings
from hypothesis import strategies as st
from support.references.fusion import iou, soften_reference

from longtail.config.test_time.suppression import Softening, SoftNMS
from longtail.inference.tta.soft_nms import soften

# Few different corners and scores: equal boxes, boxes that touch, and ties.
BOX = st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(1, 4), st.integers(1, 4)).map(
    lambda box: [box[0], box[1], box[0] + box[2], box[1] + box[3]]
)
FOUND = st.lists(
    st.tuples(BOX, st.integers(0, 2), st.sampled_from([0.0, 1e-3, 0.2, 0.5, 0.9, 1.0])), max_size=14
)
DECAYS = [SoftNMS(), SoftNMS(decay="linear"), SoftNMS(decay="linear", iou=0.0, min_score=0.0)]


def softened(found: list[tuple[list[int], int, float]], of: Softening) -> dict[int, float]:
    """Score by row of those that stay."""
    boxes = torch.tensor([box for box, _, _ in found], dtype=torch.float64).reshape(-1, 4)
    labels = torch.tensor([label for _, label, _ in found], dtype=torch.int64)
    scores = torch.tensor([score for _, _, score in found], dtype=torch.float64)
    index, lowered = soften(boxes, labels, scores, of)
    assert index.tolist() == sorted(index.tolist())
    return dict(zip(index.tolist(), lowered.tolist(), strict=True))


@pytest.mark.parametrize(
    ("of", "expected"),
    [(SoftNMS(), [0.9, 0.508304, 0.134911]), (SoftNMS(decay="linear"), [0.9, 0.7, 0.16])],
)
def test_scores_by_hand(of: SoftNMS, expected: list[float]) -> None:
    # IoU with the first: 80/100 and 40/100; of the other two 40/80.
    found = [([0, 0, 10, 10], 7, 0.9), ([0, 0, 10, 8], 7, 0.8), ([0, 0, 10, 4], 7, 0.7)]
    left = softened(found, of)
    assert sorted(left.values(), reverse=True) == pytest.approx(expected, abs=1e-6)
    assert max(left, key=lambda row: left[row]) == 0
    assert left[1] < left[2]


def test_other_categories_do_not_matter() -> None:
    found = [([0, 0, 10, 10], 0, 0.9), ([0, 0, 10, 10], 1, 0.8)]
    assert softened(found, SoftNMS()) == {0: 0.9, 1: 0.8}


def test_of_equal_boxes_and_scores_the_first_stays_whole() -> None:
    found = [([0, 0, 4, 4], 0, 0.5)] * 2
    left = softened(found, SoftNMS())
    assert left[0] == 0.5 and left[1] == pytest.approx(0.5 * math.exp(-2))
    assert softened(found, SoftNMS(decay="linear")) == {0: 0.5}


def test_nothing_comes_of_nothing() -> None:
    assert softened([], SoftNMS()) == {}
    assert softened([([0, 0, 1, 1], 0, 1e-4)], SoftNMS()) == {}


@settings(deadline=None)
@given(found=FOUND, of=st.sampled_from(DECAYS))
def test_the_slow_way_gives_the_same(
    found: list[tuple[list[int], int, float]], of: SoftNMS
) -> None:
    def factor(shared: float) -> float:
        if of.decay == "gaussian":
            return math.exp(-(shared**2) / of.sigma)
        return 1 - shared if shared > of.iou else 1.0

    expected: dict[int, float] = {}
    for label in range(3):
        rows = [row for row, (_, own, _) in enumerate(found) if own == label]
        boxes = [[float(side) for side in found[row][0]] for row in rows]
        overlap_of = partial(_overlap, boxes)
        scores = [found[row][2] for row in rows]
        for row, score in soften_reference(scores, overlap_of, factor, of.min_score):
            expected[rows[row]] = score
    found_scores = softened(found, of)
    assert found_scores.keys() == expected.keys()
    for row, score in expected.items():
        assert found_scores[row] == pytest.approx(score, abs=1e-12)


def _overlap(boxes: list[list[float]], i: int, j: int) -> float:
    return iou(boxes[i], boxes[j])


@pytest.mark.parametrize("of", [SoftNMS(), SoftNMS(decay="linear", iou=0.4)])
def test_ensemble_boxes_lowers_to_the_same_scores(of: SoftNMS) -> None:
    generator = np.random.default_rng(3)
    low = generator.uniform(0, 0.5, (40, 2))
    boxes = np.concatenate([low, low + generator.uniform(0.2, 0.5, (40, 2))], axis=1)
    scores = generator.uniform(0.01, 1, 40)
    # It returns rows, and lowers the scores it is given in their order.
    lowered = scores.copy()
    method = 2 if of.decay == "gaussian" else 1
    rows = cpu_soft_nms_float(boxes.copy(), lowered, of.iou, of.sigma, of.min_score, method)
    expected = dict(zip(rows.tolist(), lowered[lowered > of.min_score].tolist(), strict=True))
    labels = torch.zeros(40, dtype=torch.int64)
    index, left = soften(torch.from_numpy(boxes), labels, torch.from_numpy(scores), of)
    assert dict(zip(index.tolist(), left.tolist(), strict=True)) == pytest.approx(expected)
    assert len(expected) > 10
