import torch

from longtail.models.necks.feature_pyramid import FeaturePyramid

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
