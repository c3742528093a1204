import math

import torch

from longtail.losses.logit_adjustment import log_prior, post_hoc_logits, training_logits
from longtail.losses.softmax import softmax_cross_entropy

LOGITS = torch.tensor([[2.0, 1.0, 1.5]])
PRIOR = log_prior(torch.tensor([1000, 10]))


def test_prior_is_the_share_of_the_instances() -> None:
    torch.testing.assert_close(PRIOR, torch.log(torch.tensor([1000 / 1010, 10 / 1010])))


def test_a_category_without_instances_counts_as_one_with_one() -> None:
    assert torch.equal(log_prior(torch.tensor([0, 3])), log_prior(torch.tensor([1, 3])))


def test_post_hoc_takes_the_prior_off_and_leaves_background_alone() -> None:
    adjusted = post_hoc_logits(LOGITS, PRIOR, tau=1)
    torch.testing.assert_close(adjusted, torch.tensor([[2.01, 5.62, 1.5]]), rtol=0, atol=0.006)
    assert adjusted[0, 2] == 1.5


def test_training_puts_the_prior_in() -> None:
    adjusted = training_logits(LOGITS, PRIOR, tau=0.5)
    expected = [2 + 0.5 * math.log(1000 / 1010), 1 + 0.5 * math.log(10 / 1010), 1.5]
    torch.testing.assert_close(adjusted, torch.tensor([expected]))
    torch.testing.assert_close(post_hoc_logits(adjusted, PRIOR, tau=0.5), LOGITS)


def test_tau_of_zero_changes_nothing() -> None:
    assert torch.equal(training_logits(LOGITS, PRIOR, tau=0), LOGITS)
    assert torch.equal(post_hoc_logits(LOGITS, PRIOR, tau=0), LOGITS)


def test_equal_counts_move_all_categories_alike() -> None:
    equal = log_prior(torch.tensor([7, 7]))
    adjusted = post_hoc_logits(LOGITS, equal, tau=1)
    torch.testing.assert_close(adjusted - LOGITS, torch.tensor([[math.log(2), math.log(2), 0]]))


def test_gradient_of_the_adjusted_loss_is_that_of_the_formula() -> None:
    logits = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    labels, weights = torch.tensor([0, 1, 2, 2]), torch.rand(4, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda z: softmax_cross_entropy(training_logits(z, PRIOR.double(), 1), labels, weights),
        logits,
    )


def test_no_rois_stay_no_rois() -> None:
    assert training_logits(torch.zeros(0, 3), PRIOR, 1).shape == (0, 3)
