import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from longtail.losses.seesaw import (
    count_labels,
    factored_cross_entropy,
    seesaw_factors,
    seesaw_loss,
    seesaw_scores,
)

COUNTS = torch.tensor([1000, 10])
# Category 1 of 10 RoIs so far scores above the RoI's own category 0; objectness is even.
LOGITS = torch.tensor([[1.0, 2.0, 0.0, 0.0]])
OWN = torch.tensor([0])
ONE = torch.ones(1)
EVEN = math.log(2)


def _category_loss(mitigation: float, compensation: float) -> float:
    loss = seesaw_loss(LOGITS, OWN, ONE, COUNTS, mitigation, compensation)
    return round(loss.item() - EVEN, 4)


def test_mitigation_and_compensation_weigh_the_other_category() -> None:
    factors = seesaw_factors(LOGITS, OWN, COUNTS, 0.8, 2.0)
    expected = torch.tensor([[1.0, (10 / 1000) ** 0.8 * math.e**2]])
    torch.testing.assert_close(factors, expected)
    assert _category_loss(0.8, 2.0) == 0.4085


def test_both_off_are_a_softmax_over_the_categories() -> None:
    assert _category_loss(0, 0) == 1.3133
    torch.manual_seed(0)
    logits, labels, weights = torch.randn(9, 6), torch.randint(0, 5, (9,)), torch.rand(9)
    loss = seesaw_loss(logits, labels, weights, torch.tensor([5, 9, 0, 7]), 0, 0)
    foreground = labels < 4
    categories = F.cross_entropy(logits[foreground, :4], labels[foreground], reduction="none")
    objectness = F.cross_entropy(logits[:, 4:], (~foreground).long(), reduction="none")
    expected = ((weights[foreground] * categories).sum() + (weights * objectness).sum()) / 9
    torch.testing.assert_close(loss, expected)


def test_a_more_frequent_or_weaker_category_is_pushed_down_in_full() -> None:
    # The RoI belongs to the rare category 1, which also scores higher.
    factors = seesaw_factors(LOGITS, torch.tensor([1]), COUNTS, 0.8, 2.0)
    assert factors.tolist() == [[1, 1]]


def test_categories_without_rois_so_far_count_as_one() -> None:
    none = torch.tensor([0, 0])
    assert seesaw_factors(LOGITS, OWN, none, 0.8, 0).tolist() == [[1, 1]]
    one_of_two = seesaw_factors(LOGITS, OWN, torch.tensor([2, 0]), 1.0, 0)
    assert one_of_two.tolist() == [[1, 0.5]]


def test_a_tiny_own_score_divides_as_a_hundredth() -> None:
    logits = torch.tensor([[-50.0, 0.0, 0.0, 0.0]])
    factors = seesaw_factors(logits, OWN, COUNTS, 0.0, 2.0)
    torch.testing.assert_close(factors, torch.tensor([[1.0, 100.0**2]]))


def test_background_teaches_objectness_alone() -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = seesaw_loss(logits, torch.tensor([2]), ONE, COUNTS, 0.8, 2.0)
    loss.backward()
    assert round(loss.item(), 6) == round(EVEN, 6)
    assert logits.grad is not None
    assert logits.grad.tolist() == [[0, 0, 0.5, -0.5]]


def test_weight_scales_a_rois_term_but_not_the_divisor() -> None:
    loss = seesaw_loss(
        LOGITS.repeat(2, 1), OWN.repeat(2), torch.tensor([0.5, 0.0]), COUNTS, 0.8, 2.0
    )
    torch.testing.assert_close(loss, torch.tensor((0.408464 + EVEN) / 4), rtol=0, atol=1e-5)


def test_batch_labels_are_counted_without_background() -> None:
    assert count_labels(torch.tensor([0, 3, 3, 4, 4, 4]), 4).tolist() == [1, 0, 0, 2]
    assert count_labels(torch.zeros(0, dtype=torch.long), 4).tolist() == [0, 0, 0, 0]


def test_scores_are_those_of_the_categories_times_objectness() -> None:
    logits = torch.log(torch.tensor([[0.2, 0.8, 0.75, 0.25]]))
    scores = seesaw_scores(logits)
    torch.testing.assert_close(scores, torch.tensor([[0.15, 0.6, 0.25]]))


@pytest.mark.parametrize("compensation", [0.0, 2.0])
def test_gradient_is_that_of_the_formula_with_fixed_factors(compensation: float) -> None:
    torch.manual_seed(0)
    logits = torch.randn(5, 6, dtype=torch.float64, requires_grad=True)
    labels, counts = torch.tensor([0, 1, 3, 4, 4]), torch.tensor([100, 3, 0, 20])
    weights = torch.rand(5, dtype=torch.float64)
    factors = seesaw_factors(logits.detach(), labels, counts, 0.8, compensation)

    def fixed(z: Tensor) -> Tensor:
        return factored_cross_entropy(z, labels, weights, factors)

    assert torch.autograd.gradcheck(fixed, logits)
    (expected,) = torch.autograd.grad(fixed(logits), logits)
    loss = seesaw_loss(logits, labels, weights, counts, 0.8, compensation)
    assert torch.equal(torch.autograd.grad(loss, logits)[0], expected)


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, 4, requires_grad=True)
    labels = torch.zeros(0, dtype=torch.long)
    loss = seesaw_loss(logits, labels, torch.zeros(0), COUNTS, 0.8, 2.0)
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert seesaw_scores(logits).shape == (0, 3)
