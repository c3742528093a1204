"""What is known of a PNG of classes once it was read."""

from pathlib import Path

import msgspec
import numpy as np

from longtail.data.pictures.faults import BadPictureError, PictureFault
from longtail.data.semantic.classes import read_pixels
from longtail.files import sha256_of


class MapFacts(msgspec.Struct, frozen=True, gc=False):
    """The facts of a file.

    Attributes:
        height: Pixels; 0 where it cannot be read.
        width: The same.
        classes: The values of its pixels, rising.
        sha256: Of the file, in hex.
        fault: Why it cannot be read; None if it can.
    """

    height: int = 0
    width: int = 0
    classes: tuple[int, ...] = ()
    sha256: str = ""
    fault: PictureFault | None = None


def read_map_facts(path: Path) -> MapFacts:
    """Decode a file."""
    try:
        pixels = read_pixels(path)
    except BadPictureError as error:
        return MapFacts(fault=error.fault)
    seen = np.flatnonzero(np.bincount(pixels.ravel(), minlength=256))
    height, width = pixels.shape
    return MapFacts(height, width, tuple(seen.tolist()), sha256_of(path))
