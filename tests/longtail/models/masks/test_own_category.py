import pytest
import torch
from support.models.largest_tensor import LargestTensor
from torch import nn

from longtail.models.masks.own_category import own_category_logits, own_category_outputs

K, R, C, M = 7, 4, 8, 6
LABELS = torch.tensor([3, 0, 6, 3])
ROWS = torch.arange(R)


def _predictor(outputs: int) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(C, outputs, 1)


def _linear(outputs: int) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(C, outputs)


@pytest.mark.parametrize("outputs", [1, K])
def test_logits_and_gradients_are_those_of_all_maps(outputs: int) -> None:
    predictor = _predictor(outputs)
    hidden = torch.randn(R, C, M, M, requires_grad=True)
    fast = own_category_logits(predictor, hidden, LABELS)
    slow = predictor(hidden)[ROWS, LABELS if outputs > 1 else 0]
    torch.testing.assert_close(fast, slow)
    leaves, direction = [hidden, *predictor.parameters()], torch.randn_like(fast)
    torch.testing.assert_close(
        torch.autograd.grad((fast * direction).sum(), leaves),
        torch.autograd.grad((slow * direction).sum(), leaves),
    )


@pytest.mark.parametrize("outputs", [1, K])
def test_outputs_and_gradients_are_those_of_all_rows(outputs: int) -> None:
    linear = _linear(outputs)
    features = torch.randn(R, C, requires_grad=True)
    fast = own_category_outputs(linear, features, LABELS)
    slow = linear(features)[ROWS, LABELS if outputs > 1 else 0]
    torch.testing.assert_close(fast, slow)
    leaves, direction = [features, *linear.parameters()], torch.randn_like(fast)
    torch.testing.assert_close(
        torch.autograd.grad((fast * direction).sum(), leaves),
        torch.autograd.grad((slow * direction).sum(), leaves),
    )


def test_no_tensor_grows_with_rois_times_categories() -> None:
    many = 100
    predictor, linear = _predictor(many), _linear(many)
    hidden, features = torch.randn(R, C, M, M), torch.randn(R, C)
    hidden.requires_grad_()
    with LargestTensor() as maps:
        own_category_logits(predictor, hidden, LABELS).sum().backward()
    assert 0 < maps.elements <= max(R * C * M * M, many * C) < R * many * M * M
    with torch.no_grad(), LargestTensor() as rows:
        own_category_outputs(linear, features, LABELS)
    assert 0 < rows.elements <= R * C < R * many


@pytest.mark.parametrize("outputs", [1, K])
def test_results_are_float32_under_autocast(outputs: int) -> None:
    predictor, linear = _predictor(outputs), _linear(outputs)
    hidden, features = torch.randn(R, C, M, M), torch.randn(R, C)
    maps, rows = (
        own_category_logits(predictor, hidden, LABELS),
        own_category_outputs(linear, features, LABELS),
    )
    with torch.autocast("cpu", torch.bfloat16):
        coarse_maps = own_category_logits(predictor, hidden, LABELS)
        coarse_rows = own_category_outputs(linear, features, LABELS)
    assert coarse_maps.dtype == coarse_rows.dtype == torch.float32
    # bfloat16 has 8 bits; sums of 8 products of numbers around 1.
    torch.testing.assert_close(coarse_maps, maps, atol=0.05, rtol=0.05)
    torch.testing.assert_close(coarse_rows, rows, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("outputs", [1, K])
def test_no_rois_leave_the_layer_in_the_graph(outputs: int) -> None:
    predictor, linear = _predictor(outputs), _linear(outputs)
    maps = own_category_logits(predictor, torch.zeros(0, C, M, M), LABELS[:0])
    rows = own_category_outputs(linear, torch.zeros(0, C), LABELS[:0])
    assert maps.shape == (0, M, M) and rows.shape == (0,)
    (maps.sum() + rows.sum()).backward()
    assert all(p.grad is not None for p in [*predictor.parameters(), *linear.parameters()])
