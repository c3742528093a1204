"""Detections and objects of several images in one table."""

import numpy as np

from longtail.evaluation.diagnosis.image_overlaps import ImageOverlaps
from longtail.evaluation.diagnosis.judged_detections import collect

ONE_OBJECT = ImageOverlaps(
    label=np.array([0, 1]),
    score=np.array([0.9, 0.8]),
    exhaustive=np.array([True, False]),
    gt_label=np.array([0]),
    gt_ignored=np.array([False]),
    iou=np.array([[0.6], [0.7]]),
)
NO_OBJECT = ImageOverlaps(
    label=np.array([1]),
    score=np.array([0.5]),
    exhaustive=np.array([True]),
    gt_label=np.zeros(0, np.int64),
    gt_ignored=np.zeros(0, bool),
    iou=np.zeros((1, 0)),
)
ON_IGNORED = ImageOverlaps(
    label=np.array([1]),
    score=np.array([0.5]),
    exhaustive=np.array([True]),
    gt_label=np.array([1, 1]),
    gt_ignored=np.array([False, True]),
    iou=np.array([[0.2, 1.0]]),
)
THRESHOLDS = np.array([0.5, 0.75])


def test_objects_are_numbered_through_all_images() -> None:
    table = collect([NO_OBJECT, ONE_OBJECT, ON_IGNORED], THRESHOLDS)
    assert table.gt_label.tolist() == [0, 1, 1]
    assert table.matched.tolist() == [[-1, 0, -1, 2], [-1, -1, -1, 2]]
    assert table.counterpart.tolist() == [-1, 0, -1, 2]


def test_right_wrong_and_neither_follow_lvis() -> None:
    table = collect([NO_OBJECT, ONE_OBJECT, ON_IGNORED], THRESHOLDS)
    assert table.true_positives().tolist() == [False, True, False, False]
    assert table.false_positives().tolist() == [True, False, False, False]
    assert table.false_positives(1).tolist() == [True, True, False, False]


def test_the_most_overlapped_objects_are_of_those_that_count() -> None:
    table = collect([NO_OBJECT, ONE_OBJECT, ON_IGNORED], THRESHOLDS)
    assert table.own_gt.tolist() == [-1, 0, -1, 1]
    assert table.own_iou.tolist() == [0, 0.6, 0, 0.2]
    assert table.other_gt.tolist() == [-1, -1, 0, -1]
    assert table.other_iou.tolist() == [0, 0, 0.7, 0]
