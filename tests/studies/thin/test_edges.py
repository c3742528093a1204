"""How much of a mask is edge."""

import numpy as np
import pytest
import torch

from docs.studies.thin.edges import edge_share, edge_share_of_grid


def test_a_bar_of_two_cells_is_all_edge_and_a_square_has_an_inside() -> None:
    grid = torch.zeros(28, 28)
    grid[4:24, 10:12] = 1
    assert edge_share_of_grid(grid) == 1
    grid[:] = 0
    grid[4:24, 4:24] = 1
    assert edge_share_of_grid(grid) == pytest.approx(1 - 18**2 / 20**2)


def test_pixels_within_two_percent_of_the_diagonal_are_edge() -> None:
    # Diagonal 250: 5 pixels.
    mask = np.zeros((150, 200), np.bool_)
    mask[20:30, 20:120] = True
    assert edge_share(mask) == 1
    mask[20:120, 20:120] = True
    assert edge_share(mask) == pytest.approx(1 - 90**2 / 100**2)
