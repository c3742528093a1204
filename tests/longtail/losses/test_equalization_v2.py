import math

import torch

from longtail.losses.equalization_v2 import (
    GradientWeights,
    equalization_v2_loss,
    equalization_v2_scores,
    gradient_ratio,
    gradient_weights,
    gradients_of_batch,
)
from longtail.losses.sigmoid import sigmoid_cross_entropy

# A RoI of category 0 and a background RoI, among 2 categories; the last column is background.
PROBABILITIES = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.1, 0.6]])
LOGITS = torch.logit(PROBABILITIES)
LABELS = torch.tensor([0, 2])
ONES = torch.ones(2)
FACTORS = GradientWeights(positive=torch.tensor([3.0, 1.5]), negative=torch.tensor([0.5, 0.25]))


def test_a_ratio_at_the_midpoint_halves_negatives_and_trebles_positives() -> None:
    weights = gradient_weights(torch.tensor([0.8, 100.0, 0.0]), 12, 0.8, 4)
    low = 1 / (1 + math.exp(9.6))
    torch.testing.assert_close(weights.negative, torch.tensor([0.5, 1.0, low]))
    torch.testing.assert_close(weights.positive, torch.tensor([3.0, 1.0, 5 - 4 * low]))


def test_a_category_without_gradient_so_far_has_a_ratio_of_100() -> None:
    positive, negative = torch.tensor([0.0, 3.0, 0.0]), torch.tensor([0.0, 4.0, 2.0])
    torch.testing.assert_close(gradient_ratio(positive, negative), torch.tensor([100, 0.75, 0]))


def test_loss_weighs_positives_negatives_and_background() -> None:
    first = -3 * math.log(0.7) - 0.25 * math.log(0.8) - math.log(0.9)
    second = -0.5 * math.log(0.9) - 0.25 * math.log(0.9) - math.log(0.6)
    loss = equalization_v2_loss(LOGITS, LABELS, ONES, FACTORS)
    torch.testing.assert_close(loss, torch.tensor((first + second) / 2))
    halved = equalization_v2_loss(LOGITS, LABELS, torch.tensor([0.5, 0.0]), FACTORS)
    torch.testing.assert_close(halved, torch.tensor(0.5 * first / 2))


def test_no_gain_and_full_negatives_are_the_sigmoid_loss_with_a_background_column() -> None:
    torch.manual_seed(0)
    logits, labels, weights = torch.randn(20, 7), torch.randint(0, 7, (20,)), torch.rand(20)
    start = gradient_ratio(torch.zeros(6), torch.zeros(6))
    factors = gradient_weights(start, 12, 0.8, positive_gain=0)
    loss = equalization_v2_loss(logits, labels, weights, factors)
    assert loss == sigmoid_cross_entropy(logits, labels, weights)


def test_gradients_of_a_batch_are_summed_by_sign() -> None:
    positive, negative = gradients_of_batch(LOGITS, LABELS, ONES, FACTORS)
    torch.testing.assert_close(positive, torch.tensor([3 * 0.3, 0]).double())
    torch.testing.assert_close(
        negative, torch.tensor([0.5 * 0.1, 0.25 * (0.2 + 0.1)]).double(), rtol=1e-6, atol=0
    )
    halved, _ = gradients_of_batch(LOGITS, LABELS, ONES / 2, FACTORS)
    torch.testing.assert_close(halved, positive / 2)


def test_gradients_of_a_batch_are_those_of_the_loss() -> None:
    torch.manual_seed(0)
    logits = torch.randn(9, 3, requires_grad=True)
    labels, weights = torch.randint(0, 3, (9,)), torch.rand(9)
    equalization_v2_loss(logits, labels, weights, FACTORS).backward()
    assert logits.grad is not None
    gradient = 9 * logits.grad[:, :2].double()
    positive, negative = gradients_of_batch(logits, labels, weights, FACTORS)
    torch.testing.assert_close(positive, gradient.clamp(max=0).sum(dim=0).abs(), rtol=1e-5, atol=0)
    torch.testing.assert_close(negative, gradient.clamp(min=0).sum(dim=0), rtol=1e-5, atol=0)


def test_background_takes_its_share_of_every_score() -> None:
    scores = equalization_v2_scores(LOGITS)
    expected = torch.tensor([[0.63, 0.18, 0.1], [0.04, 0.04, 0.6]])
    torch.testing.assert_close(scores, expected)


def test_gradient_is_that_of_the_formula() -> None:
    logits, weights = LOGITS.double().requires_grad_(), torch.tensor([1.0, 0.3]).double()
    factors = GradientWeights(FACTORS.positive.double(), FACTORS.negative.double())
    assert torch.autograd.gradcheck(
        lambda z: equalization_v2_loss(z, LABELS, weights, factors), logits
    )


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, 3, requires_grad=True)
    labels = torch.zeros(0, dtype=torch.long)
    loss = equalization_v2_loss(logits, labels, torch.zeros(0), FACTORS)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    for gradient in gradients_of_batch(logits, labels, torch.zeros(0), FACTORS):
        assert gradient.tolist() == [0, 0]
