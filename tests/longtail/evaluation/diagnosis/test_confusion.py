"""Confusion of a few objects and detections, counted by hand."""

import numpy as np

from longtail.categories import CategoryTable
from longtail.evaluation.diagnosis.confusion import ConfusedPair, Confusion, confusion
from longtail.evaluation.diagnosis.image_overlaps import ImageOverlaps
from longtail.evaluation.diagnosis.judged_detections import collect

RARE, COMMON, FREQUENT, OTHER_FREQUENT = range(4)
TABLE = CategoryTable.from_records(
    [
        {"id": 10 + i, "name": name, "frequency": name[0], "image_count": 1, "instance_count": 1}
        for i, name in enumerate(("rare", "common", "frequent", "further"))
    ],
    "test",
)


def confused(
    label: list[int],
    gt_label: list[int],
    iou: list[list[float]],
    exhaustive: list[bool] | None = None,
    ignored: list[bool] | None = None,
) -> Confusion:
    image = ImageOverlaps(
        label=np.array(label, np.int64),
        score=np.linspace(1, 0, len(label)),
        exhaustive=np.array(exhaustive or [True] * len(label), bool),
        gt_label=np.array(gt_label, np.int64),
        gt_ignored=np.array(ignored or [False] * len(gt_label), bool),
        iou=np.array(iou, float).reshape(len(label), len(gt_label)),
    )
    return confusion(collect([image], np.array([0.5])), TABLE)


def test_an_object_taken_for_another_category_is_counted_with_its_pair() -> None:
    result = confused([FREQUENT], [RARE], [[0.8]])
    assert result.matrix == ((0, 0, 1, 0), (0, 0, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0))
    assert result.pairs == (ConfusedPair(10, "rare", "r", 12, "frequent", "f", 1),)


def test_two_categories_of_one_group_are_confused_within_its_cell() -> None:
    result = confused([FREQUENT, FREQUENT], [FREQUENT, OTHER_FREQUENT], [[0.9, 0], [0, 0.9]])
    assert result.matrix[2] == (0, 0, 2, 0)
    assert result.same_category == {"r": 0, "c": 0, "f": 1}
    assert [pair.object_name for pair in result.pairs] == ["further"]


def test_a_detection_of_nothing_is_background_and_its_object_missed() -> None:
    result = confused([COMMON], [COMMON], [[0.4]])
    assert result.matrix == ((0, 0, 0, 0), (0, 0, 0, 1), (0, 0, 0, 0), (0, 1, 0, 0))


def test_an_object_is_taken_once_by_the_best_scored_detection() -> None:
    result = confused([FREQUENT, RARE], [RARE], [[0.6], [0.9]])
    assert result.matrix == ((0, 0, 1, 0), (0, 0, 0, 0), (0, 0, 0, 0), (1, 0, 0, 0))


def test_a_category_not_exhaustively_annotated_takes_only_its_own_objects() -> None:
    result = confused([RARE, COMMON], [COMMON], [[0.9], [0.7]], exhaustive=[False, True])
    assert result.matrix == ((0, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0))
    own = confused([RARE], [RARE], [[0.9]], exhaustive=[False])
    assert own.matrix[0] == (1, 0, 0, 0)


def test_a_detection_on_an_ignored_object_counts_as_nothing() -> None:
    result = confused([RARE], [RARE], [[0.9]], ignored=[True])
    assert np.sum(result.matrix) == 0


def test_an_image_without_detections_or_objects_is_all_missed_or_nothing() -> None:
    assert confused([], [RARE], []).matrix[0] == (0, 0, 0, 1)
    assert np.sum(confused([], [], []).matrix) == 0


def test_the_most_frequent_pair_comes_first() -> None:
    label = [COMMON, RARE, RARE]
    result = confused(label, [RARE, COMMON, COMMON], np.eye(3).tolist())
    assert [(p.object_name, p.count) for p in result.pairs] == [("common", 2), ("rare", 1)]
