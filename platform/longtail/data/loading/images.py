"""Read picture files as RGB, in the pixels that annotations refer to."""

import struct
from pathlib import Path

import numpy as np
import torch
from PIL import Image as PilImage
from torch import Tensor

from longtail.data.loading.sample import Image
from longtail.data.loading.transforms.resize import resample, resized
from longtail.problems import BadInputError

# What Pillow raises for damaged files, by format and by where the damage is.
UNREADABLE = (OSError, SyntaxError, ValueError, struct.error, PilImage.DecompressionBombError)


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
    picture = read_rgb(path, size)
    original = picture.height, picture.width
    seen = resample(picture, resized(original, short_side, long_side_cap))
    return Image(to_tensor(seen), image_id, original)


def read_rgb(path: Path, size: tuple[int, int] | None = None) -> PilImage.Image:
    """Decode a file to RGB; grey, CMYK, palette and 16-bit pictures are converted.

    The EXIF orientation is not applied: annotations are drawn on the stored pixels.

    Args:
        path: The picture file.
        size: (height, width) that the annotation file states, checked before decoding.

    Raises:
        BadInputError: The file is missing, damaged or of another size.
    """
    try:
        with PilImage.open(path) as picture:
            _check_size(path, (picture.height, picture.width), size)
            return _as_rgb(picture)
    except BadInputError:
        raise
    except FileNotFoundError:
        raise BadInputError(f"{path}: no such image file; check the image folder") from None
    except UNREADABLE as error:
        raise BadInputError(
            f"{path}: cannot be decoded as an image ({error}); copy or download it again"
        ) from error


def to_tensor(picture: PilImage.Image) -> Tensor:
    """(3, H, W) float32 in [0, 1] from an RGB picture."""
    pixels = torch.from_numpy(np.array(picture, np.uint8))
    return pixels.permute(2, 0, 1).contiguous().float() / 255


def _check_size(path: Path, found: tuple[int, int], stated: tuple[int, int] | None) -> None:
    if stated is not None and found != stated:
        raise BadInputError(
            f"{path}: the file is {found[0]} x {found[1]} pixels (height x width), but its"
            f" annotations say {stated[0]} x {stated[1]}; they belong to another version of it"
        )


def _as_rgb(picture: PilImage.Image) -> PilImage.Image:
    if picture.mode.startswith("I"):
        # Pillow's own conversion of 16-bit grey clips at 255 instead of scaling.
        grey = np.clip(np.asarray(picture).astype(np.int64) >> 8, 0, 255)
        picture = PilImage.fromarray(grey.astype(np.uint8))
    return picture.convert("RGB")
