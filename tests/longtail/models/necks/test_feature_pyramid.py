import pytest
import torch
from torch import nn

from longtail.models.necks.feature_pyramid import FeaturePyramid
from longtail.models.sync_batch_norm import SyncBatchNorm

STRIDES = (4, 8, 16, 32, 64)


def test_levels_have_the_announced_names_and_strides() -> None:
    side = 128
    images = torch.zeros(1, 3, side, side)
    maps = [torch.zeros(1, 8, side // stride, side // stride) for stride in STRIDES[:4]]
    levels = FeaturePyramid([8, 8, 8, 8], channels=12)(images, maps)
    assert {name: tuple(level.shape) for name, level in levels.items()} == {
        f"p{i + 2}": (1, 12, side // stride, side // stride) for i, stride in enumerate(STRIDES)
    }


def test_its_levels_are_those_it_makes() -> None:
    levels = FeaturePyramid.levels
    images = torch.zeros(1, 3, 64, 64)
    maps = [torch.zeros(1, 8, 64 // stride, 64 // stride) for stride in STRIDES[:4]]
    assert levels.names == tuple(FeaturePyramid([8] * 4, channels=12)(images, maps))
    assert levels.strides == STRIDES
    assert levels.pooled_names == ("p2", "p3", "p4", "p5")
    assert levels.pooled_strides == (4, 8, 16, 32)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, SyncBatchNorm])
def test_norms_follow_every_convolution(norm: type[nn.Module]) -> None:
    torch.manual_seed(0)
    neck = FeaturePyramid([8, 8, 8, 8], channels=12, norm_layer=norm)
    convolutions = [m for m in neck.modules() if isinstance(m, nn.Conv2d)]
    assert len(convolutions) == 8 and all(layer.bias is None for layer in convolutions)
    maps = [torch.randn(2, 8, 64 // stride, 64 // stride) for stride in STRIDES[:4]]
    levels = neck(torch.zeros(2, 3, 64, 64), maps)
    for name in ("p2", "p3", "p4", "p5"):
        level = levels[name]
        torch.testing.assert_close(level.mean((0, 2, 3)), torch.zeros(12), rtol=0, atol=1e-4)
        spread = level.var((0, 2, 3), correction=0)
        torch.testing.assert_close(spread, torch.ones(12), rtol=1e-2, atol=1e-2)
