import math

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_erosion

from longtail.losses.masks.boundary import boundary_loss, boundary_targets


def test_a_square_has_a_ring_as_its_boundary() -> None:
    mask = torch.zeros(1, 6, 6)
    mask[0, 1:5, 1:5] = 1
    boundary = boundary_targets(mask)
    assert boundary.sum() == 12
    assert boundary[0, 2:4, 2:4].sum() == 0
    assert torch.equal(boundary * mask, boundary)


def test_the_edge_of_the_crop_is_a_boundary() -> None:
    assert boundary_targets(torch.ones(1, 4, 4)).sum() == 12


def test_boundaries_are_what_an_erosion_by_3_x_3_takes_away() -> None:
    masks = np.random.default_rng(0).random((8, 9, 9)) < 0.85
    inner = np.stack([binary_erosion(mask, np.ones((3, 3))) for mask in masks])
    assert inner.any()
    found = boundary_targets(torch.from_numpy(masks).float())
    assert np.array_equal(found.numpy(), (masks & ~inner).astype(np.float32))


def test_worked_number_of_a_single_cell() -> None:
    # The only foreground cell is its own boundary. p = 0.8 there, 0.5 elsewhere.
    logits = torch.zeros(1, 2, 2)
    logits[0, 0, 0] = math.log(4)
    masks = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    cross_entropy = -(math.log(0.8) + 3 * math.log(0.5)) / 4
    dice = 1 - (2 * 0.8 + 1) / (2.3 + 1 + 1)
    loss = boundary_loss(logits, masks, torch.ones(1))
    assert loss.item() == pytest.approx(cross_entropy + dice, abs=1e-6)


def test_dice_is_not_squared() -> None:
    # Of the mask's worked numbers: 0.257143, and 0.087719 with squares.
    logits = torch.logit(torch.tensor([[[0.8, 0.4], [0.2, 0.1]]]))
    masks = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    loss = boundary_loss(logits, masks, torch.ones(1))
    assert loss.item() == pytest.approx(0.265618 + 0.257143, abs=1e-6)


def test_a_roi_of_weight_zero_has_no_influence_but_counts() -> None:
    torch.manual_seed(0)
    logits, masks = torch.randn(2, 5, 5), (torch.rand(2, 5, 5) < 0.5).float()
    alone = boundary_loss(logits[:1], masks[:1], torch.ones(1))
    loss = boundary_loss(logits, masks, torch.tensor([1.0, 0.0]))
    torch.testing.assert_close(loss, alone / 2)


def test_gradient_is_that_of_the_formula_also_without_a_boundary() -> None:
    logits = torch.randn(2, 4, 4, dtype=torch.float64, requires_grad=True)
    masks = torch.zeros(2, 4, 4, dtype=torch.float64)
    masks[0, 1:3, 1:3] = 1
    weights = torch.ones(2, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: boundary_loss(z, masks, weights), logits)


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, 2, 2, requires_grad=True)
    loss = boundary_loss(logits, torch.zeros(0, 2, 2), torch.zeros(0))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
