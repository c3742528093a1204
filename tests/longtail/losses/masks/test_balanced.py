import math

import pytest
import torch
from torch import Tensor

from longtail.losses.masks.balanced import (
    balanced_mask_loss,
    squared_dice,
    weighted_cross_entropy,
)

LOGITS = torch.logit(torch.tensor([[[0.8, 0.4], [0.2, 0.1]]]))
TARGETS = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
ONE = torch.ones(1)
DICE = 1 - (2 * 0.8 + 1) / (0.64 + 0.16 + 0.04 + 0.01 + 1 + 1)
# The mask has one cell of four: q = 4, so its cell counts twice.
CROSS_ENTROPY = -(2 * math.log(0.8) + math.log(0.6) + math.log(0.8) + math.log(0.9)) / 4


def _cell_by_cell(logits: Tensor, targets: Tensor, weights: Tensor, factor: float) -> float:
    """The formulas as they are printed, one number at a time."""
    losses = []
    for grid, mask, weight in zip(logits.tolist(), targets.tolist(), weights.tolist(), strict=True):
        cells = [
            (1 / (1 + math.exp(-z)), y)
            for row, labels in zip(grid, mask, strict=True)
            for z, y in zip(row, labels, strict=True)
        ]
        foreground = max(1.0, sum(y for _, y in cells))
        emphasis = max(1.0, 0.5 * len(cells) / foreground)
        entropies = [-emphasis * math.log(p) if y else -math.log(1 - p) for p, y in cells]
        overlap = sum(p * y for p, y in cells)
        squares = sum(p * p for p, _ in cells) + sum(y * y for _, y in cells)
        dice = 1 - (2 * overlap + 1) / (squares + 1)
        losses.append(weight * (dice + factor * sum(entropies) / len(cells)))
    return sum(losses) / len(losses)


def test_worked_numbers() -> None:
    assert squared_dice(LOGITS.sigmoid(), TARGETS, 1.0).item() == pytest.approx(0.087719, abs=1e-6)
    assert weighted_cross_entropy(LOGITS, TARGETS).item() == pytest.approx(0.321404, abs=1e-6)
    assert balanced_mask_loss(LOGITS, TARGETS, ONE).item() == pytest.approx(0.409123, abs=1e-6)
    assert DICE + CROSS_ENTROPY == pytest.approx(0.409123, abs=1e-6)


def test_the_factor_is_that_of_the_cross_entropy() -> None:
    loss = balanced_mask_loss(LOGITS, TARGETS, ONE, cross_entropy_factor=0.5)
    assert loss.item() == pytest.approx(DICE + 0.5 * CROSS_ENTROPY, abs=1e-6)


def test_smoothing_is_that_of_the_dice() -> None:
    loss = balanced_mask_loss(LOGITS, TARGETS, ONE, smoothing=0.0)
    assert loss.item() == pytest.approx(1 - 1.6 / 1.85 + CROSS_ENTROPY, abs=1e-6)


def test_a_bar_of_four_columns_counts_three_and_a_half_times() -> None:
    # 784 / 112 = 7.
    targets = torch.zeros(1, 28, 28)
    targets[..., :4] = 1
    loss = weighted_cross_entropy(torch.zeros(1, 28, 28), targets)
    assert loss.item() == pytest.approx(math.log(2) * (112 * 3.5 + 672) / 784, abs=1e-6)


def test_a_mask_of_more_than_half_the_box_is_not_emphasised() -> None:
    targets = torch.tensor([[[1.0, 1.0], [1.0, 0.0]]])
    loss = weighted_cross_entropy(torch.zeros(1, 2, 2), targets)
    assert loss.item() == pytest.approx(math.log(2), abs=1e-6)


def test_it_is_the_printed_formula_with_a_weight_a_roi() -> None:
    torch.manual_seed(0)
    logits, targets = torch.randn(5, 6, 6), (torch.rand(5, 6, 6) < 0.2).float()
    targets[3] = 0
    targets[4] = 1
    weights = torch.tensor([1.0, 0.0, 0.3, 1.0, 1.0])
    loss = balanced_mask_loss(logits, targets, weights, cross_entropy_factor=0.7)
    assert loss.item() == pytest.approx(_cell_by_cell(logits, targets, weights, 0.7), rel=1e-5)


def test_gradient_is_that_of_the_formula_also_without_a_foreground_cell() -> None:
    torch.manual_seed(0)
    logits = torch.randn(2, 3, 3, dtype=torch.float64, requires_grad=True)
    targets = torch.zeros(2, 3, 3, dtype=torch.float64)
    targets[0, 0] = 1
    weights = torch.tensor([1.0, 0.3], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: balanced_mask_loss(z, targets, weights), logits)


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, 2, 2, requires_grad=True)
    loss = balanced_mask_loss(logits, torch.zeros(0, 2, 2), torch.zeros(0))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
