import torch

from longtail.losses.equalization import equalization_loss, equalization_weights
from longtail.losses.sigmoid import sigmoid_cross_entropy

# A RoI of category 0 and a background RoI, among 4 categories of which 2 and 3 are the tail.
LOGITS = torch.logit(torch.tensor([[0.7, 0.2, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1]]))
LABELS = torch.tensor([0, 4])
TAIL = torch.tensor([False, False, True, True])
VERIFIED = torch.tensor([[True, False, False, True], [True, False, False, True]])
ONES = torch.ones(2)


def test_challenge_form_spares_tail_categories_not_verified_in_the_image() -> None:
    weights = equalization_weights(LABELS, TAIL, VERIFIED)
    assert weights.tolist() == [[True, True, False, True], [True, True, True, True]]
    loss = equalization_loss(LOGITS, LABELS, ONES, TAIL, VERIFIED)
    assert round(loss.item(), 6) == 0.553311


def test_cvpr_form_spares_verified_tail_categories_too() -> None:
    weights = equalization_weights(LABELS, TAIL, None)
    assert weights.tolist() == [[True, True, False, False], [True, True, True, True]]
    loss = equalization_loss(LOGITS, LABELS, ONES, TAIL, None)
    assert round(loss.item(), 6) == 0.500630


def test_a_tail_roi_teaches_its_own_category() -> None:
    labels = torch.tensor([3])
    nothing_verified = torch.zeros(1, 4, dtype=torch.bool)
    for verified in (None, nothing_verified):
        weights = equalization_weights(labels, TAIL, verified)
        assert weights.tolist() == [[True, True, False, True]]


def test_rare_category_gets_no_discouraging_gradient_from_foreground() -> None:
    logits = LOGITS.clone().requires_grad_()
    equalization_loss(logits, LABELS, ONES, TAIL, None).backward()
    assert logits.grad is not None
    assert logits.grad[0, 2:].tolist() == [0, 0]
    assert (logits.grad[1] > 0).all()


def test_empty_tail_is_the_sigmoid_loss() -> None:
    torch.manual_seed(0)
    logits, weights = torch.randn(20, 6), torch.rand(20)
    labels, verified = torch.randint(0, 7, (20,)), torch.rand(20, 6) > 0.5
    loss = equalization_loss(logits, labels, weights, torch.zeros(6, dtype=torch.bool), verified)
    torch.testing.assert_close(loss, sigmoid_cross_entropy(logits, labels, weights), rtol=0, atol=0)


def test_verifying_every_category_is_the_sigmoid_loss() -> None:
    everything = torch.ones(2, 4, dtype=torch.bool)
    loss = equalization_loss(LOGITS, LABELS, ONES, TAIL, everything)
    assert loss == sigmoid_cross_entropy(LOGITS, LABELS, ONES)


def test_gradient_is_that_of_the_formula() -> None:
    logits = LOGITS.double().requires_grad_()
    weights = torch.tensor([1.0, 0.5], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda z: equalization_loss(z, LABELS, weights, TAIL, VERIFIED), logits
    )


def test_without_rois_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.zeros(0, 4, requires_grad=True)
    labels = torch.zeros(0, dtype=torch.long)
    loss = equalization_loss(logits, labels, torch.zeros(0), TAIL, VERIFIED[:0])
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
