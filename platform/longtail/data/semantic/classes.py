"""The pixels of a PNG of classes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.data.lvis.annotations import Annotations
from longtail.data.pictures.faults import BadPictureError, PictureFault
from longtail.data.pictures.opening import opened
from longtail.data.pictures.sizes import Size, find_fault_of_size
from longtail.data.semantic.files import map_path
from longtail.problems import BadInputError

UNLABELLED = 255
"""Class of pixels that nothing is learned from."""
MODES = ("L", "P")
NO_CLASSES = PictureFault(
    "its pixels are not one class each", "write one channel of 8 bits, grey or with a palette"
)


@dataclass(frozen=True)
class ClassMaps:
    """A folder of PNGs, and what their pixels mean.

    Attributes:
        folder: Where they lie.
        num_categories: Classes are 0 to one less.
        unlabelled: What else than `UNLABELLED` says that a pixel has no class.
    """

    folder: Path
    num_categories: int
    unlabelled: int

    def of_image(self, annotations: Annotations, i: int) -> NDArray[np.uint8]:
        """(H, W) the classes of image i in its own size, or `UNLABELLED`.

        Raises:
            BadInputError: The PNG is missing, damaged, of another size or with other classes.
        """
        path = map_path(annotations, i, self.folder)
        pixels = read_pixels(path)
        stated = int(annotations.heights[i]), int(annotations.widths[i])
        if fault := fault_of_size((pixels.shape[0], pixels.shape[1]), stated):
            raise BadPictureError(path, fault)
        classes = np.where(pixels == self.unlabelled, np.uint8(UNLABELLED), pixels)
        known = classes[classes != UNLABELLED]
        if known.size and (largest := int(known.max())) >= self.num_categories:
            raise BadInputError(f"{path}: class {largest}; {classes_remedy(largest)}")
        return classes


def read_pixels(path: Path) -> NDArray[np.uint8]:
    """(H, W) the values of a PNG; of one with a palette, the numbers of its colours.

    Raises:
        BadPictureError: It is damaged, or its pixels are no single bytes.
    """
    with opened(path) as picture:
        if picture.mode not in MODES:
            raise BadPictureError(path, NO_CLASSES._replace(detail=f"mode {picture.mode}"))
        return np.array(picture, np.uint8)


def fault_of_size(size: Size, stated: Size) -> PictureFault | None:
    """What is wrong with the (height, width) of a PNG, given that of its image."""
    fault = find_fault_of_size(size, 1, stated)
    if fault is None:
        return None
    remedy = "give the PNG the size of its image, by nearest neighbours"
    return PictureFault("of another size than its image", remedy, fault.detail)


def classes_remedy(largest: int) -> str:
    """What to do about a class that is out of range."""
    if largest + 1 < UNLABELLED:
        return (
            f"set detector.roi_stages.semantic.num_categories to {largest + 1} or more, or"
            f" detector.roi_stages.semantic.unlabelled={largest} if that means no class"
        )
    return (
        f"set detector.roi_stages.semantic.unlabelled={largest} if that means no class, or number"
        " the classes from 0"
    )
