"""AP by hand; its agreement with the evaluation is tested with the diagnosis."""

import numpy as np
import pytest

from longtail.categories import CategoryTable
from longtail.evaluation.diagnosis.average_precision import average_precision, mean_by_group


def ap_of(right: list[bool], num_objects: int, counts: list[bool] | None = None) -> float:
    label, score = np.zeros(len(right), np.int64), -np.arange(float(len(right)))
    hit, counting = np.array(right, bool), np.array(counts or [True] * len(right), bool)
    wrong = ~hit & counting
    return float(average_precision(label, score, hit, wrong, np.array([num_objects]))[0])


def test_finding_everything_first_is_1() -> None:
    assert ap_of([True, True, False], 2) == pytest.approx(1.0)


def test_half_of_the_objects_found_is_recall_levels_up_to_one_half() -> None:
    assert ap_of([True], 2) == pytest.approx(51 / 101)


def test_precision_is_that_of_the_best_point_to_the_right() -> None:
    # Precision 1/2 at recall 1/2, 2/3 at recall 1: the envelope is 2/3 everywhere.
    assert ap_of([False, True, True], 2) == pytest.approx(2 / 3)


def test_rows_that_are_neither_right_nor_wrong_count_as_nothing() -> None:
    assert ap_of([False, True], 1, counts=[False, True]) == pytest.approx(1.0)


def test_no_detection_is_0_and_no_object_is_undefined() -> None:
    assert ap_of([], 3) == 0.0
    assert ap_of([False], 0) == -1.0


def test_equal_scores_count_in_the_order_of_the_rows() -> None:
    label, score = np.zeros(2, np.int64), np.full(2, 0.5)
    right = np.array([False, True])
    assert average_precision(label, score, right, ~right, np.array([1]))[0] == pytest.approx(0.5)


def test_a_group_without_a_defined_category_is_undefined() -> None:
    counts = {"image_count": 1, "instance_count": 1}
    records = [
        {"id": i, "name": str(i), "frequency": f} | counts for i, f in enumerate(("r", "c", "c"))
    ]
    table = CategoryTable.from_records(records, "test")
    means = mean_by_group(np.array([-1.0, 0.5, 0.25]), table)
    assert means == {"all": 0.375, "r": -1.0, "c": 0.375, "f": -1.0}
