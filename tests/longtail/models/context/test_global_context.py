import pytest
import torch
from torch import nn
from torch.nn import functional as F

from longtail.models.context.global_context import (
    GlobalContextBranch,
    image_labels,
    with_context,
)


def _branch() -> GlobalContextBranch:
    torch.manual_seed(0)
    return GlobalContextBranch(in_channels=3, channels=4, num_categories=6)


def test_worked_numbers() -> None:
    # 2 x - 3 without what is below zero: 0, 1, 3, 5; their mean 2.25 is the context.
    branch = GlobalContextBranch(1, 1, num_categories=2, num_convolutions=1)
    convolution = branch.convolutions[0]
    assert isinstance(convolution, nn.Conv2d) and convolution.bias is not None
    nn.init.zeros_(convolution.weight)
    nn.init.constant_(convolution.weight[..., 1, 1], 2.0)
    nn.init.constant_(convolution.bias, -3.0)
    branch.classifier.weight.data = torch.tensor([[1.0], [-2.0]])
    branch.classifier.bias.data = torch.tensor([0.0, 0.5])
    logits, context = branch(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).view(1, 1, 2, 2))
    assert context.tolist() == [[2.25]]
    assert logits.tolist() == [[2.25, -4.0]]


def test_it_is_convolutions_an_average_and_a_linear_layer() -> None:
    branch, level = _branch(), torch.randn(2, 3, 5, 7)
    hidden = level
    for convolution in branch.convolutions:
        hidden = convolution(hidden).relu()
    logits, context = branch(level)
    assert len(branch.convolutions) == 4
    torch.testing.assert_close(context, F.adaptive_avg_pool2d(hidden, 1).flatten(1))
    torch.testing.assert_close(logits, branch.classifier(context))


def test_logits_are_float32_under_autocast() -> None:
    branch, level = _branch(), torch.randn(2, 3, 5, 7)
    exact, _ = branch(level)
    with torch.autocast("cpu", torch.bfloat16):
        coarse, _ = branch(level)
    assert coarse.dtype == torch.float32
    assert (coarse - exact).norm() < 0.05 * exact.norm()


def test_every_roi_gets_the_context_of_its_image() -> None:
    context = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    joined = with_context(torch.zeros(3, 2, 2, 2), context, [1, 0, 2])
    assert joined[:, :, 0, 1].tolist() == [[1.0, 10.0], [3.0, 30.0], [3.0, 30.0]]
    assert torch.equal(joined, joined[:, :, :1, :1].expand_as(joined))


def test_no_rois_leave_the_context_in_the_graph() -> None:
    context = torch.zeros(2, 4, requires_grad=True)
    joined = with_context(torch.zeros(0, 4, 7, 7), context, [0, 0])
    assert joined.shape == (0, 4, 7, 7)
    joined.sum().backward()
    assert context.grad is not None


@pytest.mark.parametrize(
    ("labels", "sources", "present", "known"),
    [
        ([2, 2], [[0, 1, 1]], [0, 0, 1], [0, 1, 1]),
        ([], [[0, 1, 0]], [0, 0, 0], [0, 1, 0]),
        # Of two sources both must lack a category, but one alone can show it.
        ([0], [[1, 1, 0], [0, 1, 1]], [1, 0, 0], [1, 1, 0]),
    ],
)
def test_image_labels(
    labels: list[int], sources: list[list[int]], present: list[int], known: list[int]
) -> None:
    found = image_labels(torch.tensor(labels).long(), torch.tensor(sources).bool())
    assert [row.long().tolist() for row in found] == [present, known]
    assert all(row.dtype == torch.bool for row in found)
