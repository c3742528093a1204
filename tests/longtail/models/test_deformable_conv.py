from typing import Any

import pytest
import torch
from timm.layers import SplitAttn
from torch import Tensor, nn
from torchvision.ops import DeformConv2d

from longtail.models.deformable_conv import DeformableConv2d, make_deformable, offset_names

PLAIN: dict[str, dict[str, Any]] = {
    "plain": {},
    "strided": {"stride": 2},
    "dilated": {"padding": 2, "dilation": 2},
    "grouped": {"groups": 4},
    "strided, dilated and grouped": {"stride": 2, "padding": 2, "dilation": 2, "groups": 2},
    "with bias": {"bias": True},
}


def _convolution(**changes: Any) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(8, 12, 3, **{"padding": 1, "bias": False, **changes})


def _moved(layer: DeformableConv2d) -> DeformableConv2d:
    """Offsets of about a cell, and factors that differ."""
    nn.init.normal_(layer.offset.weight, std=0.3)
    assert layer.offset.bias is not None
    nn.init.normal_(layer.offset.bias)
    return layer


@pytest.mark.parametrize("kind", PLAIN)
def test_at_first_it_is_the_plain_convolution(kind: str) -> None:
    plain = _convolution(**PLAIN[kind])
    images = torch.randn(2, 8, 9, 11)
    deformable = DeformableConv2d(plain)
    torch.testing.assert_close(deformable(images), plain(images), rtol=1e-4, atol=1e-5)


def test_its_weights_are_those_of_the_plain_one_and_the_offsets() -> None:
    plain = _convolution(bias=True)
    layer = DeformableConv2d(plain)
    assert layer.weight is plain.weight and layer.bias is plain.bias
    assert list(layer.state_dict()) == ["weight", "bias", "offset.weight", "offset.bias"]
    assert not any(parameter.any() for parameter in layer.offset.parameters())


def test_an_offset_of_whole_cells_reads_the_neighbour() -> None:
    layer = DeformableConv2d(_convolution())
    assert layer.offset.bias is not None
    with torch.no_grad():
        # Down by one cell, right by two: pairs (dy, dx) of each of the 9 places.
        layer.offset.bias[:18] = torch.tensor([1.0, 2.0] * 9)
    images = torch.randn(1, 8, 10, 12)
    plain = nn.Conv2d(8, 12, 3, bias=False)
    plain.weight = layer.weight
    torch.testing.assert_close(layer(images)[..., :8, :9], plain(images)[..., 1:])


def test_the_factor_is_twice_a_sigmoid() -> None:
    layer = DeformableConv2d(_convolution())
    images = torch.randn(1, 8, 6, 6)
    before = layer(images)
    assert layer.offset.bias is not None
    with torch.no_grad():
        layer.offset.bias[18:] = 1.5
    factor = 2 * torch.sigmoid(torch.tensor(1.5))
    torch.testing.assert_close(layer(images), before * factor)


@pytest.mark.parametrize("kind", PLAIN)
def test_it_is_torchvisions_layer_of_the_same_offsets(kind: str) -> None:
    plain = _convolution(**PLAIN[kind])
    layer = _moved(DeformableConv2d(plain))
    settings = {**PLAIN[kind]}
    theirs = DeformConv2d(8, 12, 3, **{"padding": 1, "bias": False, **settings})
    theirs.weight, theirs.bias = plain.weight, plain.bias
    images = torch.randn(2, 8, 9, 11)
    given: Tensor = layer.offset(images)
    expected = theirs(images, given[:, :18], 2 * given[:, 18:].sigmoid())
    assert torch.equal(layer(images), expected)


def test_every_weight_and_the_input_learn() -> None:
    layer = _moved(DeformableConv2d(_convolution(groups=2)))
    images = torch.randn(1, 8, 4, 5, requires_grad=True)
    weights = [layer.weight, *layer.offset.parameters()]
    gradients = torch.autograd.grad(layer(images).square().sum(), [images, *weights])
    assert all(gradient.any() for gradient in gradients)


def test_it_computes_in_float32_under_autocast() -> None:
    layer = _moved(DeformableConv2d(_convolution()))
    images = torch.randn(2, 8, 9, 11).bfloat16()
    expected = layer(images.float())
    with torch.autocast("cpu", torch.bfloat16):
        output = layer(images)
    assert output.dtype == torch.float32 and torch.equal(output, expected)
    output.sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in layer.parameters())


def test_split_attention_is_deformed_before_its_splits_are_weighed() -> None:
    torch.manual_seed(0)
    block = nn.Sequential(nn.Conv2d(8, 8, 1), SplitAttn(8, norm_layer=nn.BatchNorm2d)).eval()
    images = torch.randn(2, 8, 6, 7)
    before = block(images)
    assert make_deformable(block) == 1
    assert offset_names(block) == {"1.conv.offset.weight", "1.conv.offset.bias"}
    torch.testing.assert_close(block(images), before, rtol=1e-4, atol=1e-5)


def test_other_sides_and_offsets_stay_plain() -> None:
    block = nn.Sequential(nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 7, padding=3), _convolution())
    assert make_deformable(block) == 1
    assert [type(layer) for layer in block] == [nn.Conv2d, nn.Conv2d, DeformableConv2d]
