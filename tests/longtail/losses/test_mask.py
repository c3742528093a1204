import math

import torch

from longtail.losses.mask import mask_cross_entropy

LOGITS = torch.logit(torch.tensor([[[0.8, 0.6], [0.3, 0.1]], [[0.5, 0.5], [0.5, 0.5]]]))
TARGETS = torch.tensor([[[1.0, 1.0], [0.0, 1.0]], [[0.0, 0.0], [1.0, 1.0]]])


def test_loss_averages_over_the_grid_and_over_rois() -> None:
    first = -(math.log(0.8) + math.log(0.6) + math.log(0.7) + math.log(0.1)) / 4
    loss = mask_cross_entropy(LOGITS, TARGETS, torch.ones(2))
    torch.testing.assert_close(loss, torch.tensor((first + math.log(2)) / 2))


def test_a_roi_of_weight_zero_has_no_influence_but_counts() -> None:
    loss = mask_cross_entropy(LOGITS, TARGETS, torch.tensor([0.0, 1.0]))
    torch.testing.assert_close(loss, torch.tensor(math.log(2) / 2))


def test_gradient_is_that_of_the_formula() -> None:
    logits, targets = LOGITS.double().requires_grad_(), TARGETS.double()
    weights = torch.tensor([1.0, 0.3], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: mask_cross_entropy(z, targets, weights), logits)


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, 2, 2, requires_grad=True)
    loss = mask_cross_entropy(logits, torch.zeros(0, 2, 2), torch.zeros(0))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
