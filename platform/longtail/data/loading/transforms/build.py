"""From the configuration of augmentations to their transforms."""

from collections.abc import Sequence
from typing import assert_never

from longtail.config import augmentations as config
from longtail.data.loading.transforms.base import Transform
from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip
from longtail.data.loading.transforms.resize import Resize


def build_transforms(augmentations: Sequence[config.Augmentation]) -> tuple[Transform, ...]:
    """The transforms that a configuration names, in its order."""
    return tuple(_transform(augmentation) for augmentation in augmentations)


def _transform(augmentation: config.Augmentation) -> Transform:
    match augmentation:
        case config.Resize(short_sides=short_sides, long_side_cap=cap):
            return Resize(short_sides, cap)
        case config.HorizontalFlip(probability=probability):
            return HorizontalFlip(probability)
        case _:
            assert_never(augmentation)
