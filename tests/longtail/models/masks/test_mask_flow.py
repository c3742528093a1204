import torch
from torch import Tensor, nn

from longtail.models.masks.mask_flow import MaskFlow, flowing_features


def _filled(flow: MaskFlow, weight: float, bias: float) -> MaskFlow:
    assert flow.convolution.bias is not None
    nn.init.constant_(flow.convolution.weight, weight)
    nn.init.constant_(flow.convolution.bias, bias)
    return flow


def test_worked_numbers_of_one_step() -> None:
    # 2 (1 + 3) - 3 = 5 is added; below zero nothing is.
    flow = _filled(MaskFlow(channels=2, out_channels=1), 2.0, -3.0)
    previous = torch.tensor([[1.0, 0.5], [3.0, 0.5]]).view(1, 2, 1, 2)
    pooled = torch.tensor([10.0, 20.0]).view(1, 1, 1, 2)
    assert flow(pooled, previous).flatten().tolist() == [15.0, 20.0]


def test_every_head_gets_what_the_one_before_it_made() -> None:
    # Trunks 2 x, 3 x, 5 x; flows of 1 and 10 times: 2; 3 (1 + 2) = 9; 5 (1 + 90) = 455.
    def times(factor: float) -> nn.Module:
        return _Times(factor)

    flows = [_filled(MaskFlow(1, 1), weight, 0.0) for weight in (1.0, 10.0)]
    features = flowing_features(torch.ones(1, 1, 1, 1), [times(2), times(3), times(5)], flows)
    assert [feature.item() for feature in features] == [2.0, 9.0, 455.0]


def test_gradients_reach_the_first_head_through_all_flows() -> None:
    torch.manual_seed(0)
    trunks = [nn.Conv2d(3, 4, 3, padding=1) for _ in range(3)]
    flows = [MaskFlow(channels=4, out_channels=3) for _ in range(2)]
    features = flowing_features(torch.randn(2, 3, 5, 5), trunks, flows)
    features[-1].sum().backward()
    layers = [*trunks, *(flow.convolution for flow in flows)]
    assert all(layer.weight.grad is not None and layer.weight.grad.any() for layer in layers)


def test_no_rois_leave_every_layer_in_the_graph() -> None:
    trunks = [nn.Conv2d(3, 4, 3, padding=1) for _ in range(2)]
    flow = MaskFlow(channels=4, out_channels=3)
    features = flowing_features(torch.zeros(0, 3, 5, 5), trunks, [flow])
    assert [feature.shape for feature in features] == [(0, 4, 5, 5)] * 2
    features[-1].sum().backward()
    parameters = [p for layer in (*trunks, flow) for p in layer.parameters()]
    assert all(parameter.grad is not None for parameter in parameters)


def test_it_runs_under_autocast() -> None:
    torch.manual_seed(0)
    flow = MaskFlow(channels=4, out_channels=3)
    pooled, previous = torch.randn(2, 3, 5, 5), torch.randn(2, 4, 5, 5)
    exact = flow(pooled, previous)
    with torch.autocast("cpu", torch.bfloat16):
        coarse = flow(pooled, previous)
    torch.testing.assert_close(coarse.float(), exact, atol=0.05, rtol=0.05)


class _Times(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, features: Tensor) -> Tensor:
        return self.factor * features
