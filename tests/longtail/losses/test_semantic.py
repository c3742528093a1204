import math

import pytest
import torch
from torch.nn import functional as F

from longtail.losses.semantic import UNLABELLED, semantic_cross_entropy


def test_worked_number() -> None:
    # Cells: p(own) = 1 / 2, 1 / 4, and one without a label.
    logits = torch.tensor([[[[0.0, math.log(3), 9.0]], [[0.0, 0.0, -9.0]]]])
    labels = torch.tensor([[[0, 1, UNLABELLED]]])
    loss = semantic_cross_entropy(logits, labels)
    assert loss.item() == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_it_is_torchs_mean_over_labelled_cells() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(2, 5, 4, 3), torch.randint(5, (2, 4, 3))
    labels[torch.rand(2, 4, 3) < 0.4] = UNLABELLED
    expected = F.cross_entropy(logits, labels, ignore_index=255)
    torch.testing.assert_close(semantic_cross_entropy(logits, labels), expected)


def test_without_labels_the_loss_is_zero_and_tied_to_the_graph() -> None:
    logits = torch.randn(1, 5, 2, 2, requires_grad=True)
    loss = semantic_cross_entropy(logits, torch.full((1, 2, 2), UNLABELLED))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None and not logits.grad.any()
