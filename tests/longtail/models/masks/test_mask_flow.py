import torch
from torch import nn

from longtail.models.masks.mask_flow import MaskFlow


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


def test_it_runs_under_autocast() -> None:
    torch.manual_seed(0)
    flow = MaskFlow(channels=4, out_channels=3)
    pooled, previous = torch.randn(2, 3, 5, 5), torch.randn(2, 4, 5, 5)
    exact = flow(pooled, previous)
    with torch.autocast("cpu", torch.bfloat16):
        coarse = flow(pooled, previous)
    torch.testing.assert_close(coarse.float(), exact, atol=0.05, rtol=0.05)
