"""The fast matching against lvis-api's loop written out."""

import numpy as np
import pytest

from longtail.evaluation.diagnosis.image_overlaps import greedy_match

THRESHOLDS = np.array([0.5, 0.75, 1.0])


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
    num_detections, num_objects = rng.integers(0, 9, 2)
    # One decimal, so that overlaps tie.
    iou = rng.random((num_detections, num_objects)).round(1)
    allowed = rng.random(iou.shape) < 0.7
    ignored = np.sort(rng.random(num_objects) < 0.3)
    fast = greedy_match(iou, allowed, ignored, THRESHOLDS)
    for t, threshold in enumerate(THRESHOLDS):
        assert fast[t].tolist() == slow_match(iou, allowed, ignored, threshold)


def test_the_better_scored_detection_takes_the_object() -> None:
    iou = np.array([[0.6], [0.9]])
    matched = greedy_match(iou, np.ones((2, 1), bool), np.zeros(1, bool), THRESHOLDS)
    assert matched.tolist() == [[0, -1], [-1, 0], [-1, -1]]


def test_an_object_that_counts_goes_before_a_closer_ignored_one() -> None:
    iou = np.array([[0.6, 0.9]])
    matched = greedy_match(iou, np.ones((1, 2), bool), np.array([False, True]), THRESHOLDS)
    assert matched.tolist() == [[0], [1], [-1]]
