import math

import torch

from longtail.losses.softmax import softmax_cross_entropy

LOGITS = torch.log(torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.2, 0.5, 0.3]]))
LABELS = torch.tensor([0, 2, 1])


def test_loss_is_the_mean_over_rois_of_minus_log_probability() -> None:
    expected = -(math.log(0.7) + math.log(0.8) + math.log(0.5)) / 3
    torch.testing.assert_close(
        softmax_cross_entropy(LOGITS, LABELS, torch.ones(3)), torch.tensor(expected)
    )


def test_lower_weight_shrinks_a_rois_term_but_not_the_divisor() -> None:
    expected = -(math.log(0.7) + 0.5 * math.log(0.8) + 0 * math.log(0.5)) / 3
    loss = softmax_cross_entropy(LOGITS, LABELS, torch.tensor([1.0, 0.5, 0.0]))
    torch.testing.assert_close(loss, torch.tensor(expected))


def test_gradient_is_that_of_the_formula() -> None:
    logits = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    labels, weights = torch.tensor([0, 1, 2, 2]), torch.rand(4, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: softmax_cross_entropy(z, labels, weights), logits)


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, 3, requires_grad=True)
    loss = softmax_cross_entropy(logits, torch.zeros(0, dtype=torch.long), torch.zeros(0))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
