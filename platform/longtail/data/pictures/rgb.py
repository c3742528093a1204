"""Decoding pictures of every colour mode to 8-bit RGB, or refusing them; never black by mistake.

Sizes are (height, width), pixels.
"""

from pathlib import Path

import numpy as np
from PIL import Image as PilImage
from PIL.ImageFile import ImageFile

from longtail.data.pictures.faults import BadPictureError, PictureFault
from longtail.data.pictures.opening import opened
from longtail.data.pictures.orientation import orientation_of, shown_size, turn_of
from longtail.data.pictures.sizes import Size, find_fault_of_size

BITS_PER_SAMPLE, PHOTOMETRIC = 258, 262
"""Tags of TIFF."""
EIGHT_BITS = "save it with 8 bits a channel"
DARKEST_USED = 16
"""A 16-bit picture whose brightest pixel is below this, of 255, holds fewer bits than it says."""
TOO_DARK = PictureFault(
    "16 bits a channel, but no value over 4095 of 65535: black, or of 12 bits or fewer",
    f"scale the values to the full range, or {EIGHT_BITS}",
)


def read_rgb(path: Path, size: Size | None = None) -> PilImage.Image:
    """Decode a file to RGB, turned as its EXIF orientation says.

    Args:
        path: The picture file.
        size: (height, width) that the annotation file states, checked before decoding.

    Raises:
        BadPictureError: The file is missing, damaged, of another size, or of a kind of pixels of
            which it is not known how they are to be shown.
    """
    with opened(path) as picture:
        orientation = orientation_of(picture)
        fault = find_fault_of_size(shown_size(picture, orientation), orientation, size)
        if fault is not None:
            raise BadPictureError(path, fault)
        rgb, turn = as_rgb(picture, path), turn_of(picture, orientation)
        return rgb if turn is None else rgb.transpose(turn)


def as_rgb(picture: ImageFile, path: Path) -> PilImage.Image:
    """The pixels as RGB, not turned yet.

    Alpha is left out; of more than 8 bits the upper 8 are used, as by OpenCV.

    Raises:
        BadPictureError: See `read_rgb`.
    """
    if fault := find_fault_of_mode(picture):
        raise BadPictureError(path, fault)
    bits = bits_of(picture)
    picture.load()
    rgb = _upper_bits(picture, bits) if picture.mode.startswith("I") else picture.convert("RGB")
    if bits == 16 and np.asarray(rgb).max() < DARKEST_USED:
        raise BadPictureError(path, TOO_DARK)
    return rgb


def find_fault_of_mode(picture: ImageFile) -> PictureFault | None:
    """What keeps the pixels from being scaled to 8 bits, by the header alone."""
    if picture.mode == "F":
        return PictureFault("floating-point pixels: it is not known which is white", EIGHT_BITS)
    if picture.mode == "I" and picture.format != "PPM":
        what = "pixels of 32 bits, or with a sign: it is not known which is white"
        return PictureFault(what, EIGHT_BITS)
    if picture.mode.startswith("I;16") and _is_inverted(picture):
        return PictureFault("a TIFF of 16 bits in which 0 is white", EIGHT_BITS)
    return None


def bits_of(picture: ImageFile) -> int:
    """Bits of a channel: 16, 12, or 8 for all below; of a picture that is not decoded yet."""
    if picture.format == "TIFF" and 12 in _tag(picture, BITS_PER_SAMPLE):
        return 12
    deep = picture.mode.startswith("I") or any(";16" in str(tile) for tile in picture.tile)
    return 16 if deep else 8


def _upper_bits(picture: ImageFile, bits: int) -> PilImage.Image:
    # Pillow's own conversion of 16-bit grey clips at 255 instead of scaling.
    grey = np.asarray(picture).astype(np.int64) >> (bits - 8)
    return PilImage.fromarray(grey.astype(np.uint8)).convert("RGB")


def _is_inverted(picture: ImageFile) -> bool:
    return picture.format == "TIFF" and 0 in _tag(picture, PHOTOMETRIC)


def _tag(picture: ImageFile, number: int) -> tuple[int, ...]:
    value = picture.tag_v2.get(number, ())  # type: ignore[attr-defined]
    return value if isinstance(value, tuple) else (value,)
