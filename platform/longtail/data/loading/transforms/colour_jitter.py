"""Other colours: byte for byte what torchvision's `ColorJitter` does to a Pillow picture.

But a hue that stays the same in 8 bits is not converted there and back.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageEnhance

from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others


class ColourJitter:
    """Some images get another brightness, contrast, saturation and hue, in a random order.

    Args:
        brightness: The factor is uniform in [1 - brightness, 1 + brightness]; in [0, 1].
        contrast: Likewise.
        saturation: Likewise.
        hue: What is added to it is uniform in [-hue, hue]; a share of the circle, in [0, 0.5].
        probability: That an image is changed, in [0, 1].
    """

    def __init__(
        self,
        brightness: float,
        contrast: float,
        saturation: float,
        hue: float,
        probability: float,
    ) -> None:
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
        self.probability = probability

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return scene
        widths = self.brightness, self.contrast, self.saturation, self.hue
        strengths = np.array([1, 1, 1, 0]) + rng.uniform(-1, 1, 4) * widths
        order = rng.permutation(len(CHANGES))
        return scene.recoloured(partial(changed, order=order, strengths=strengths))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return sides


def changed(
    picture: PilImage.Image, order: NDArray[np.int64], strengths: NDArray[np.float64]
) -> PilImage.Image:
    """The picture after each of `CHANGES`.

    Args:
        picture: RGB.
        order: Their numbers, the first one first.
        strengths: (4,) the argument of each.
    """
    for i in order.tolist():
        picture = CHANGES[i](picture, float(strengths[i]))
    return picture


def brighter(picture: PilImage.Image, factor: float) -> PilImage.Image:
    """Away from black by a factor."""
    return ImageEnhance.Brightness(picture).enhance(factor)


def more_contrasted(picture: PilImage.Image, factor: float) -> PilImage.Image:
    """Away from the picture's mean grey by a factor."""
    return ImageEnhance.Contrast(picture).enhance(factor)


def more_saturated(picture: PilImage.Image, factor: float) -> PilImage.Image:
    """Away from each pixel's grey by a factor."""
    return ImageEnhance.Color(picture).enhance(factor)


def other_hue(picture: PilImage.Image, share: float) -> PilImage.Image:
    """Further round the circle of colours by a share of it."""
    steps = int(share * 255)
    if not steps:
        return picture
    hue, saturation, value = picture.convert("HSV").split()
    turned = np.asarray(hue) + np.uint8(steps % 256)
    return PilImage.merge("HSV", (PilImage.fromarray(turned), saturation, value)).convert("RGB")


Change = Callable[[PilImage.Image, float], PilImage.Image]
CHANGES: tuple[Change, ...] = (brighter, more_contrasted, more_saturated, other_hue)
