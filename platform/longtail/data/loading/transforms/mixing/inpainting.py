"""A smooth background where something was cut out.

The push-pull filling of Gortler et al. 1996 (The Lumigraph): means of ever larger
squares of the known pixels, of which each unknown one takes the smallest that knows a colour. It is
a blur of what lies around, and continues no lines; it takes less than half of the time of OpenCV's
inpainting.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.loading.scenes.scene import GREY


def inpainted(pixels: NDArray[np.uint8], hole: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A picture with colours of its surroundings in its hole; grey if nothing is around it.

    Args:
        pixels: (H, W, 3).
        hole: (H, W) what is filled; the rest stays.
    """
    colours = _filled(pixels.astype(np.float32), (~hole).astype(np.float32))
    return np.where(hole[..., None], _as_bytes(colours), pixels)


def _filled(colours: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w, 3) colours at a level, known to (h, w) shares in [0, 1]."""
    if (known == 1).all():
        return colours
    if known.size == 1 and not known.any():
        return np.full_like(colours, GREY)
    if known.size == 1:
        return colours
    weights = _sums(known[..., None])
    means = np.divide(_sums(colours * known[..., None]), np.maximum(weights, np.float32(1e-6)))
    coarser = _filled(means.astype(np.float32), np.minimum(weights[..., 0], np.float32(1)))
    size = known.shape[1], known.shape[0]
    around = PilImage.fromarray(_as_bytes(coarser)).resize(size, PilImage.Resampling.BILINEAR)
    return np.where(known[..., None] == 1, colours, np.asarray(around, np.float32))


def _sums(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sums over squares of two by two of (h, w, C), rounded up to whole squares."""
    height, width, _ = values.shape
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    rows = even[::2] + even[1::2]
    sums: NDArray[np.float32] = rows[:, ::2] + rows[:, 1::2]
    return sums


def _as_bytes(colours: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(colours).astype(np.uint8)
