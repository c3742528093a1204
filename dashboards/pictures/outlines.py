"""Masks painted over a thumbnail: a tint, an outline, and a dark rim that shows on any ground.

Thumbnails are (h, w, 3) float64, 0 to 255; masks (h, w) bool.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dashboards.pictures.judging import Shape
from dashboards.pictures.view import View
from longtail.rle.bitmaps import decode_bitmap

Pixels: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Colour: TypeAlias = tuple[int, int, int]
TINT, RIM = 0.30, 0.55
DASH = 5
"""Pixels of a dash and of the gap after it."""


def mask_of(shape: Shape, height: int, width: int, view: View) -> Mask:
    """A shape as the thumbnail shows it; what is smaller than a pixel is one pixel.

    Args:
        shape: A mask, or a box.
        height: Of the picture, pixels.
        width: Of the picture, pixels.
        view: The part that is shown.
    """
    whole = (
        decode_bitmap(shape.counts, height, width)
        if shape.counts
        else _filled_box(shape, height, width)
    )
    part = whole[view.top : view.bottom, view.left : view.right]
    if not part.any():
        return np.zeros(view.size[::-1], dtype=np.bool_)
    grey = Image.fromarray(part.astype(np.uint8) * 255)
    small = np.asarray(grey.resize(view.size, Image.Resampling.BILINEAR))
    shown: Mask = small >= min(128, int(small.max()))
    return shown


def paint(pixels: Pixels, mask: Mask, colour: Colour, *, tint: float, dashed: bool) -> None:
    """Paint a mask over pixels.

    Args:
        pixels: Changed in place.
        mask: Where.
        colour: Red, green and blue.
        tint: Of the inside, 0 for an outline only.
        dashed: The outline has gaps.
    """
    full = np.array(colour, dtype=np.float64)
    pixels[mask] += tint * (full - pixels[mask])
    # Without a tint the outline alone has to be seen.
    grown = _grown(mask) if tint else _grown(_grown(mask))
    line = grown & ~_shrunk(mask)
    rim = _grown(grown) & ~grown
    pixels[rim] *= 1 - RIM
    if dashed:
        y, x = np.indices(mask.shape)
        gaps = line & ((x + y) // DASH % 2 == 1)
        pixels[gaps] *= 1 - RIM
        line &= ~gaps
    pixels[line] = full


def _filled_box(shape: Shape, height: int, width: int) -> Mask:
    x, y, box_width, box_height = shape.box
    filled = np.zeros((height, width), dtype=np.bool_)
    left, top = max(0, int(x)), max(0, int(y))
    filled[top : int(np.ceil(y + box_height)), left : int(np.ceil(x + box_width))] = True
    return filled


def _grown(mask: Mask) -> Mask:
    """With the neighbours above, below and at the sides."""
    around = np.pad(mask, 1)
    grown: Mask = mask | around[:-2, 1:-1] | around[2:, 1:-1] | around[1:-1, :-2] | around[1:-1, 2:]
    return grown


def _shrunk(mask: Mask) -> Mask:
    return ~_grown(~mask)
