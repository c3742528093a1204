"""From the configuration of augmentations to their transforms."""

from collections.abc import Sequence
from typing import assert_never

from longtail.config import augmentations as config
from longtail.config import mixing
from longtail.data.loading.transforms.base import Transform
from longtail.data.loading.transforms.blur import Blur
from longtail.data.loading.transforms.colour_jitter import ColourJitter
from longtail.data.loading.transforms.crop import Crop
from longtail.data.loading.transforms.cutout import Cutout
from longtail.data.loading.transforms.horizontal_flip import HorizontalFlip
from longtail.data.loading.transforms.large_scale_jitter import LargeScaleJitter
from longtail.data.loading.transforms.mixing.balanced_mosaic import BalancedMosaic
from longtail.data.loading.transforms.mixing.copy_paste import CopyPaste
from longtail.data.loading.transforms.mixing.instance_jitter import InstanceJitter
from longtail.data.loading.transforms.mixing.mosaic import Mosaic
from longtail.data.loading.transforms.multi_scale import MultiScale
from longtail.data.loading.transforms.resize import Resize
from longtail.data.loading.transforms.rotation import Rotation
from longtail.data.loading.transforms.scale_jitter import ScaleJitter


def build_transforms(augmentations: Sequence[config.Augmentation]) -> tuple[Transform, ...]:
    """The transforms that a configuration names, in its order."""
    return tuple(_transform(augmentation) for augmentation in augmentations)


def _transform(augmentation: config.Augmentation) -> Transform:
    match augmentation:
        case config.Resize(short_sides=short_sides, long_side_cap=cap):
            return Resize(short_sides, cap)
        case config.MultiScale(smallest_side=smallest, largest_side=largest, long_side_cap=cap):
            return MultiScale(smallest, largest, cap)
        case config.ScaleJitter(short_side=short_side, long_side_cap=cap):
            return ScaleJitter(short_side, cap, (augmentation.smallest, augmentation.largest))
        case config.LargeScaleJitter(side=side, smallest=smallest, largest=largest):
            return LargeScaleJitter(side, (smallest, largest))
        case config.Crop(smallest=smallest, largest=largest, probability=probability):
            return Crop((smallest, largest), probability)
        case config.HorizontalFlip(probability=probability):
            return HorizontalFlip(probability)
        case config.Rotation(degrees=degrees, probability=probability):
            return Rotation(degrees, probability)
        case config.ColourJitter():
            return _colour_jitter(augmentation)
        case config.Blur(smallest_sigma=smallest, largest_sigma=largest, probability=probability):
            return Blur((smallest, largest), probability)
        case config.Cutout():
            return _cutout(augmentation)
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


def _colour_jitter(section: config.ColourJitter) -> Transform:
    return ColourJitter(
        brightness=section.brightness,
        contrast=section.contrast,
        saturation=section.saturation,
        hue=section.hue,
        probability=section.probability,
    )


def _cutout(section: config.Cutout) -> Transform:
    return Cutout(
        numbers=(section.fewest, section.most),
        shares=(section.smallest, section.largest),
        probability=section.probability,
    )
