import math

import torch
from torch import Tensor

from longtail.losses.federated import draw_categories, federated_loss
from longtail.losses.sigmoid import sigmoid_cross_entropy

# A RoI of category 0 and a background RoI, among 4 categories.
LOGITS = torch.logit(torch.tensor([[0.7, 0.2, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1]]))
LABELS = torch.tensor([0, 4])
JUDGED = torch.tensor([True, False, True, False])
VERIFIED = torch.tensor([[True, False, False, True], [False, False, False, False]])
ONES = torch.ones(2)
HIT, MISS = -math.log(0.7), -math.log(0.9)
COUNTS = torch.tensor([100, 1, 25, 4, 0, 9])


def test_only_judged_categories_learn() -> None:
    # -log 0.7 - log 0.9 of the first RoI, -2 log 0.9 of the second.
    loss = federated_loss(LOGITS, LABELS, ONES, JUDGED, None)
    torch.testing.assert_close(loss, torch.tensor((HIT + 3 * MISS) / 2))
    logits = LOGITS.clone().requires_grad_()
    federated_loss(logits, LABELS, ONES, JUDGED, None).backward()
    assert logits.grad is not None
    assert (logits.grad[:, ~JUDGED] == 0).all() and (logits.grad[:, JUDGED] != 0).all()


def test_a_roi_also_judges_what_is_verified_in_its_image() -> None:
    loss = federated_loss(LOGITS, LABELS, ONES, JUDGED, VERIFIED)
    torch.testing.assert_close(loss, torch.tensor((HIT + 4 * MISS) / 2))


def test_weight_scales_a_rois_term_but_not_the_divisor() -> None:
    loss = federated_loss(LOGITS, LABELS, torch.tensor([1.0, 0.5]), JUDGED, None)
    torch.testing.assert_close(loss, torch.tensor((HIT + 2 * MISS) / 2))


def test_judging_all_categories_is_the_sigmoid_loss() -> None:
    everything = draw_categories(LABELS, torch.ones(4), num_judged=4, frequency_power=0.5)
    assert everything.all()
    loss = federated_loss(LOGITS, LABELS, ONES, everything, None)
    assert loss == sigmoid_cross_entropy(LOGITS, LABELS, ONES)


def _draw(labels: Tensor, num_judged: int, power: float = 0.5) -> Tensor:
    return draw_categories(labels, COUNTS, num_judged, power)


def test_categories_of_the_batch_are_always_judged_and_absent_ones_fill_up() -> None:
    torch.manual_seed(0)
    labels = torch.tensor([4, 1, 1, 6])
    for _ in range(20):
        judged = _draw(labels, num_judged=3)
        assert judged[1] and judged[4] and judged.sum() == 3


def test_a_batch_of_more_categories_judges_all_of_them_and_no_other() -> None:
    assert _draw(torch.tensor([0, 1, 2, 6]), num_judged=2).nonzero().flatten().tolist() == [0, 1, 2]


def test_a_category_without_images_is_never_drawn() -> None:
    for _ in range(20):
        judged = _draw(torch.tensor([6]), num_judged=50)
        assert judged.tolist() == [True, True, True, True, False, True]


def test_absent_categories_are_drawn_by_a_power_of_their_images() -> None:
    """The first draw has p ~ sqrt(count): 10, 1, 5, 2, 0, 3 of 21."""
    torch.manual_seed(0)
    nothing = torch.tensor([6])
    share = torch.stack([_draw(nothing, 1) for _ in range(4000)]).double().mean(dim=0)
    expected = torch.tensor([10, 1, 5, 2, 0, 3]).double() / 21
    torch.testing.assert_close(share, expected, rtol=0, atol=0.025)
    evenly = torch.stack([_draw(nothing, 1, power=0) for _ in range(4000)]).double().mean(dim=0)
    torch.testing.assert_close(evenly, (COUNTS > 0).double() / 5, rtol=0, atol=0.025)


def test_draws_are_without_replacement_as_multinomial_draws() -> None:
    torch.manual_seed(0)
    weights = COUNTS.double().sqrt()
    expected, share = torch.zeros(6).double(), torch.zeros(6).double()
    for _ in range(4000):
        expected[torch.multinomial(weights, 3, replacement=False)] += 1 / 4000
        share += _draw(torch.tensor([6]), 3) / 4000
    torch.testing.assert_close(share, expected, rtol=0, atol=0.035)


def test_a_seeded_draw_is_the_same_again() -> None:
    draws = []
    for _ in range(2):
        torch.manual_seed(11)
        draws.append(torch.stack([_draw(torch.tensor([6]), 2) for _ in range(10)]))
    assert torch.equal(*draws)


def test_gradient_is_that_of_the_formula() -> None:
    logits = LOGITS.double().requires_grad_()
    weights = torch.tensor([1.0, 0.5], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda z: federated_loss(z, LABELS, weights, JUDGED, VERIFIED), logits
    )


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, 4, requires_grad=True)
    labels = torch.zeros(0, dtype=torch.long)
    judged = draw_categories(labels, torch.ones(4), num_judged=2, frequency_power=0.5)
    loss = federated_loss(logits, labels, torch.zeros(0), judged, VERIFIED[:0])
    loss.backward()
    assert judged.sum() == 2
    assert loss.item() == 0
    assert logits.grad is not None
