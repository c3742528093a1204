import math

import torch

from longtail.losses.sigmoid import sigmoid_cross_entropy

# A RoI of category 0 and a background RoI, among 4 categories.
LOGITS = torch.logit(torch.tensor([[0.7, 0.2, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1]]))
LABELS = torch.tensor([0, 4])


def test_loss_sums_over_categories_and_averages_over_rois() -> None:
    foreground = -math.log(0.7) - math.log(0.8) - 2 * math.log(0.9)
    background = -4 * math.log(0.9)
    loss = sigmoid_cross_entropy(LOGITS, LABELS, torch.ones(2))
    torch.testing.assert_close(loss, torch.tensor((foreground + background) / 2))
    assert round(loss.item(), 6) == 0.605991


def test_half_weight_on_an_ignored_background_roi_halves_its_term() -> None:
    loss = sigmoid_cross_entropy(LOGITS, LABELS, torch.tensor([1.0, 0.5]))
    torch.testing.assert_close(loss, torch.tensor((0.790540 + 0.5 * 0.421442) / 2))


def test_one_certain_category_costs_nothing() -> None:
    loss = sigmoid_cross_entropy(torch.tensor([[40.0]]), torch.tensor([0]), torch.ones(1))
    assert loss.item() < 1e-12


def test_gradient_is_that_of_the_formula() -> None:
    logits = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    labels, weights = torch.tensor([0, 3, 4]), torch.rand(3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: sigmoid_cross_entropy(z, labels, weights), logits)


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, 4, requires_grad=True)
    loss = sigmoid_cross_entropy(logits, torch.zeros(0, dtype=torch.long), torch.zeros(0))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None


def test_category_weights_leave_out_single_terms() -> None:
    factors = torch.ones(2, 4)
    factors[1, 0], factors[1, 1] = 0.0, 0.5
    loss = sigmoid_cross_entropy(LOGITS, LABELS, torch.ones(2), factors)
    foreground = -math.log(0.7) - math.log(0.8) - 2 * math.log(0.9)
    torch.testing.assert_close(loss, torch.tensor((foreground - 2.5 * math.log(0.9)) / 2))
