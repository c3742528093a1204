"""Pictures as tensors, in the pixels that annotations refer to."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image as PilImage
from torch import Tensor

from longtail.data.loading.sample import Image
from longtail.data.loading.transforms.resize import resample, resized
from longtail.data.pictures.rgb import read_rgb


def load_image(
    path: Path,
    image_id: int,
    short_side: int,
    long_side_cap: int,
    size: tuple[int, int] | None = None,
) -> Image:
    """A picture as a model sees it at test time: resized, not augmented.

    Args:
        path: The picture file.
        image_id: Id of the annotation file.
        short_side: Pixels to which the short side is resized.
        long_side_cap: Upper bound of the long side in pixels; it wins over `short_side`.
        size: (height, width) that the annotation file states, checked if given.

    Raises:
        BadInputError: See `read_rgb`.
    """
    (image,) = load_at_scales(path, image_id, [(short_side, long_side_cap)], size)
    return image


def load_at_scales(
    path: Path,
    image_id: int,
    scales: Sequence[tuple[int, int]],
    size: tuple[int, int] | None = None,
) -> list[Image]:
    """The same picture at each of several scales, decoded once.

    Args:
        path: The picture file.
        image_id: Id of the annotation file.
        scales: Short side and bound of the long side of each: see `load_image`.
        size: (height, width) that the annotation file states, checked if given.

    Raises:
        BadInputError: See `read_rgb`.
    """
    picture = read_rgb(path, size)
    original = picture.height, picture.width
    seen = [resample(picture, resized(original, *scale)) for scale in scales]
    return [Image(to_tensor(of_scale), image_id, original) for of_scale in seen]


def to_tensor(picture: PilImage.Image) -> Tensor:
    """(3, H, W) float32 in [0, 1] from an RGB picture."""
    pixels = torch.from_numpy(np.array(picture, np.uint8))
    return pixels.permute(2, 0, 1).contiguous().float() / 255
