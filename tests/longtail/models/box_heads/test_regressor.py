import torch

from longtail.models.box_heads.regressor import BoxRegressor, deltas_of

ROWS, LABELS = torch.tensor([0, 1, 1]), torch.tensor([2, 0, 1])


def test_class_specific_deltas_are_those_of_the_label() -> None:
    deltas = torch.arange(24.0).view(2, 3, 4)
    expected = [[8.0, 9.0, 10.0, 11.0], [12.0, 13.0, 14.0, 15.0], [16.0, 17.0, 18.0, 19.0]]
    assert deltas_of(deltas, ROWS, LABELS).tolist() == expected


def test_agnostic_deltas_serve_every_label() -> None:
    deltas = torch.arange(8.0).view(2, 1, 4)
    assert deltas_of(deltas, ROWS, LABELS).tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [4, 5, 6, 7]]


def test_output_has_a_set_of_deltas_for_each_category() -> None:
    assert BoxRegressor(8, num_sets=3)(torch.zeros(2, 8)).shape == (2, 3, 4)
    assert BoxRegressor(8, num_sets=3)(torch.zeros(0, 8)).shape == (0, 3, 4)
