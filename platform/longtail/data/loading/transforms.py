"""Geometric augmentation: one affine map moves the pixels, the boxes and the masks of an image.

Coordinates are continuous pixels (pixel i covers [i, i + 1)), sizes are (height, width).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.config.stages import Augmentation


@dataclass(frozen=True)
class Geometry:
    """A resize, then maybe a horizontal flip.

    Attributes:
        old_size: Size of the stored image.
        new_size: Size of the image the model sees.
        flipped: Whether left and right are exchanged after the resize.
    """

    old_size: tuple[int, int]
    new_size: tuple[int, int]
    flipped: bool = False

    @property
    def matrix(self) -> NDArray[np.float64]:
        """(2, 3), from old to new coordinates."""
        x_scale = self.new_size[1] / self.old_size[1]
        y_scale = self.new_size[0] / self.old_size[0]
        if self.flipped:
            return np.array([[-x_scale, 0, self.new_size[1]], [0, y_scale, 0]], np.float64)
        return np.array([[x_scale, 0, 0], [0, y_scale, 0]], np.float64)

    def picture(self, picture: PilImage.Image) -> PilImage.Image:
        """Resample a picture of the old size; bilinear, averaging where it shrinks."""
        height, width = self.new_size
        resized = picture.resize((width, height), PilImage.Resampling.BILINEAR)
        flip = PilImage.Transpose.FLIP_LEFT_RIGHT
        return resized.transpose(flip) if self.flipped else resized

    def boxes(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move (G, 4) xyxy boxes and clip them to the new image; some may become empty."""
        return clip_boxes(move_boxes(boxes, self.matrix), self.new_size)


def draw_geometry(
    augmentation: Augmentation, size: tuple[int, int], rng: np.random.Generator
) -> Geometry:
    """Draw the resize and the flip of one training image of this size."""
    short_side = augmentation.short_sides[rng.integers(len(augmentation.short_sides))]
    flipped = bool(rng.random() < augmentation.horizontal_flip)
    return Geometry(size, resized(size, short_side, augmentation.long_side_cap), flipped)


def resized(size: tuple[int, int], short_side: int, long_side_cap: int) -> tuple[int, int]:
    """The size whose short side is `short_side` unless the long side would pass the cap.

    Rounds half up after both scalings, as detectron2's `ResizeShortestEdge`; at least one pixel.
    """
    scale = short_side / min(size)
    if max(size) * scale > long_side_cap:
        scale = long_side_cap / max(size)
    height, width = (max(1, int(side * scale + 0.5)) for side in size)
    return height, width


def move_boxes(boxes: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (G, 4) upright boxes around (G, 4) xyxy boxes moved by a (2, 3) matrix."""
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)


def clip_boxes(boxes: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    """Clip (G, 4) xyxy boxes to [0, width] x [0, height]."""
    height, width = size
    return np.clip(boxes, 0, np.array([width, height, width, height], np.float64))
