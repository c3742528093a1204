"""From the configuration of augmentations to their transforms."""

from collections.abc import Sequence
from typing import assert_never

from longtail.config import augmentations as config
from longtail.config import mixing
from longtail.data.loading.transforms.base import Transform
from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip
from longtail.data.loading.transforms.mixing.balanced_mosaic import BalancedMosaic
from longtail.data.loading.transforms.mixing.copy_paste import CopyPaste
from longtail.data.loading.transforms.mixing.instance_jitter import InstanceJitter
from longtail.data.loading.transforms.mixing.mosaic import Mosaic
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
        case mixing.Mosaic() as mosaic:
            centres = mosaic.smallest_centre, mosaic.largest_centre
            return Mosaic(mosaic.probability, centres, mosaic.drawn_by)
        case mixing.BalancedMosaic(probability=probability, short_sides=short_sides) as mosaic:
            return BalancedMosaic(probability, short_sides, mosaic.long_side_cap, mosaic.drawn_by)
        case mixing.CopyPaste(probability=probability) as pasting:
            return CopyPaste(probability, pasting.instance_probability, pasting.drawn_by)
        case mixing.InstanceJitter(probability=probability) as jitter:
            factors = jitter.smallest, jitter.largest
            return InstanceJitter(probability, factors, jitter.shift, jitter.degrees)
        case _:
            assert_never(augmentation)
