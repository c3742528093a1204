import numpy as np

from longtail.data.lvis.ragged import ragged_from_groups, ragged_from_rows, ragged_from_unique


def test_rows_are_given_back_one_by_one() -> None:
    ragged = ragged_from_rows([[5, 3], [], [7]])
    assert [ragged.row(i).tolist() for i in range(3)] == [[5, 3], [], [7]]
    assert ragged.row_of_value().tolist() == [0, 0, 2]


def test_no_rows_have_one_offset() -> None:
    ragged = ragged_from_rows([])
    assert ragged.offsets.tolist() == [0]
    assert ragged.row_of_value().tolist() == []


def test_grouping_keeps_the_order_within_a_row() -> None:
    ragged = ragged_from_groups(np.array([2, 0, 2, 0]), np.array([10, 11, 12, 13]), num_rows=4)
    assert [ragged.row(i).tolist() for i in range(4)] == [[11, 13], [], [10, 12], []]


def test_unique_values_are_ascending_in_each_row() -> None:
    ragged = ragged_from_unique(np.array([1, 0, 1, 1, 0]), np.array([4, 4, 0, 4, 2]), num_rows=3)
    assert [ragged.row(i).tolist() for i in range(3)] == [[2, 4], [0, 4], []]


def test_unique_values_of_nothing_are_empty_rows() -> None:
    nothing = np.array([], dtype=np.int64)
    assert ragged_from_unique(nothing, nothing, num_rows=2).offsets.tolist() == [0, 0, 0]
