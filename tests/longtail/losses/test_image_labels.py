import math

import pytest
import torch
from torch.nn import functional as F

from longtail.losses.image_labels import image_label_loss

LOGITS = torch.logit(torch.tensor([[0.8, 0.4, 0.1], [0.5, 0.9, 0.2]]))
PRESENT = torch.tensor([[True, False, False], [True, False, False]])
VERIFIED = torch.tensor([[True, True, False], [True, False, False]])


def test_only_verified_categories_count() -> None:
    loss = image_label_loss(LOGITS, PRESENT, VERIFIED)
    expected = -(math.log(0.8) + math.log(0.6) + math.log(0.5)) / 3
    assert loss.item() == pytest.approx(expected)


def test_unverified_categories_get_no_gradient() -> None:
    logits = LOGITS.clone().requires_grad_()
    image_label_loss(logits, PRESENT, VERIFIED).backward()
    assert logits.grad is not None
    assert torch.equal(logits.grad != 0, VERIFIED)


def test_exhaustive_labels_give_the_plain_mean() -> None:
    loss = image_label_loss(LOGITS, PRESENT, torch.ones_like(VERIFIED))
    expected = F.binary_cross_entropy_with_logits(LOGITS, PRESENT.float())
    torch.testing.assert_close(loss, expected)


def test_where_nothing_is_verified_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = image_label_loss(logits, PRESENT, torch.zeros_like(VERIFIED))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None and not logits.grad.any()
