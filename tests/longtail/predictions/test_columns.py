from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pytest

from longtail.predictions.columns import DetectionColumns

Make = Callable[..., DetectionColumns]


def assert_equal(a: DetectionColumns, b: DetectionColumns) -> None:
    for field in fields(DetectionColumns):
        assert np.array_equal(getattr(a, field.name), getattr(b, field.name)), field.name


def test_rows_are_taken_in_the_order_of_the_index(random_columns: Make) -> None:
    columns = random_columns([1, 1, 2, 5])
    taken = columns.take(np.array([3, 0, 2]))
    assert taken.image_id.tolist() == [5, 1, 2]
    assert taken.rles() == [columns.rle(3), columns.rle(0), b""]
    assert taken.boxes.tolist() == columns.boxes[[3, 0, 2]].tolist()


@pytest.mark.parametrize("index", [slice(1, 3), np.array([False, True, True, False])])
def test_slices_and_masks_take_rows_too(random_columns: Make, index: slice) -> None:
    columns = random_columns([1, 1, 2, 5])
    assert_equal(columns.take(index), columns.take(np.array([1, 2])))


@pytest.mark.parametrize(("start", "end"), [(0, 4), (1, 3), (2, 2), (4, 4)])
def test_consecutive_rows_are_those_of_a_slice(random_columns: Make, start: int, end: int) -> None:
    columns = random_columns([1, 1, 2, 5])
    assert_equal(columns.between(start, end), columns.take(slice(start, end)))


def test_parts_concatenate_to_the_whole(random_columns: Make) -> None:
    columns = random_columns([1, 1, 2, 5, 9, 9])
    parts = [columns.take(slice(0, 2)), DetectionColumns.empty(), columns.take(slice(2, 6))]
    assert_equal(DetectionColumns.concatenate(parts), columns)


def test_no_part_concatenates_to_no_row() -> None:
    assert_equal(DetectionColumns.concatenate([]), DetectionColumns.empty())


def test_rows_without_a_mask_are_known(random_columns: Make) -> None:
    columns = random_columns([1, 2, 3, 4])
    assert columns.has_mask.tolist() == [True, True, False, True]
    assert not columns.without_masks().has_mask.any()
    assert len(columns.without_masks()) == 4


def test_taking_nothing_gives_no_row(random_columns: Make) -> None:
    assert_equal(random_columns([1, 2]).take(slice(0, 0)), DetectionColumns.empty())
