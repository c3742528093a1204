import torch

from longtail.models.neck import STRIDES, FeaturePyramid


def test_levels_have_the_announced_names_and_strides() -> None:
    side = 128
    maps = [torch.zeros(1, 8, side // stride, side // stride) for stride in STRIDES[:4]]
    levels = FeaturePyramid([8, 8, 8, 8], channels=12)(maps)
    assert {name: tuple(level.shape) for name, level in levels.items()} == {
        f"p{i + 2}": (1, 12, side // stride, side // stride) for i, stride in enumerate(STRIDES)
    }
