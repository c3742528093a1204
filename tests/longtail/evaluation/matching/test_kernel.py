"""The compiled matching against lvis-api's loop written out, over overlaps as a diagnosis has them.

That LVIS's own overlaps are matched like this is tested against lvis-api with the evaluation.
"""

import numpy as np
import pytest

from longtail.evaluation.diagnosis.image_overlaps import ImageOverlaps
from longtail.evaluation.diagnosis.judged_detections import taken_instances

THRESHOLDS = np.array([0.5, 0.75, 1.0])


def fast_match(iou: np.ndarray, allowed: np.ndarray, ignored: np.ndarray) -> np.ndarray:
    nothing = np.zeros(iou.shape[0], np.int64)
    image = ImageOverlaps(
        label=nothing,
        score=-np.arange(len(iou), dtype=np.float64),
        exhaustive=nothing == 0,
        gt_label=np.zeros(iou.shape[1], np.int64),
        gt_ignored=ignored,
        iou=iou,
    )
    return taken_instances(image, allowed, THRESHOLDS)


def slow_match(
    iou: np.ndarray, allowed: np.ndarray, ignored: np.ndarray, threshold: float
) -> list[int]:
    free = set(range(iou.shape[1]))
    matched = []
    for d in range(len(iou)):
        reached = [g for g in free if allowed[d, g] and iou[d, g] >= min(threshold, 1 - 1e-10)]
        counting = [g for g in reached if not ignored[g]] or reached
        best = max(counting, key=lambda g, d=d: (iou[d, g], g), default=-1)  # type: ignore[misc]
        free.discard(best)
        matched.append(best)
    return matched


@pytest.mark.parametrize("seed", range(30))
def test_it_is_the_written_out_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    num_detections, num_instances = rng.integers(0, 9, 2)
    # One decimal, so that overlaps tie.
    iou = rng.random((num_detections, num_instances)).round(1)
    allowed = rng.random(iou.shape) < 0.7
    ignored = rng.random(num_instances) < 0.3
    fast = fast_match(iou, allowed, ignored)
    for t, threshold in enumerate(THRESHOLDS):
        assert fast[t].tolist() == slow_match(iou, allowed, ignored, threshold)


def test_the_better_scored_detection_takes_the_instance() -> None:
    iou = np.array([[0.6], [0.9]])
    matched = fast_match(iou, np.ones((2, 1), bool), np.zeros(1, bool))
    assert matched.tolist() == [[0, -1], [-1, 0], [-1, -1]]


def test_an_instance_that_counts_goes_before_a_closer_ignored_one() -> None:
    iou = np.array([[0.9, 0.6]])
    matched = fast_match(iou, np.ones((1, 2), bool), np.array([True, False]))
    assert matched.tolist() == [[1], [0], [-1]]
