"""The pixels of a picture that instances cover. G instances, sizes are (height, width)."""

import numpy as np
from numpy.typing import NDArray

from longtail.data.loading.scenes.instances import Instances
from longtail.data.semantic.classes import UNLABELLED


def has_pixels(instances: Instances) -> NDArray[np.bool_]:
    """(G,) whether an instance has a mask, and one with at least one pixel."""
    masks = instances.masks.items
    return np.array([mask is not None and mask.bitmap().pixels.any() for mask in masks], bool)


def cover_of(instances: Instances, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) the pixels of the masks of instances."""
    cover = np.zeros(size, bool)
    for mask in instances.masks.items:
        if mask is not None:
            bitmap = mask.bitmap()
            bitmap.part_of(cover)[...] |= bitmap.pixels > 0
    return cover


def without_classes(
    semantic: NDArray[np.uint8] | None, changed: NDArray[np.bool_]
) -> NDArray[np.uint8] | None:
    """A map of classes in which (H, W) changed pixels have none."""
    return None if semantic is None else np.where(changed, np.uint8(UNLABELLED), semantic)
