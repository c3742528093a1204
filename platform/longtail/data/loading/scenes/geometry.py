"""Where the pixels of a picture go: one affine map moves boxes, masks and classes with them.

Coordinates are continuous pixels (pixel i covers [i, i + 1)), sizes are (height, width).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.lvis.clipping import clip_boxes

ROUNDING = 1e-6
"""Relative to the picture's side: what a product of floats may be off."""


@dataclass(frozen=True, eq=False)
class Geometry:
    """An affine map from an old picture to a new one.

    Attributes:
        matrix: (2, 3) float64, from old to new coordinates.
        size: Of the new picture.
        cuts: Whether parts of a picture on the way to the new one were left out.
    """

    matrix: NDArray[np.float64]
    size: tuple[int, int]
    cuts: bool = False

    @classmethod
    def unmoved(cls, size: tuple[int, int]) -> Self:
        """Every pixel of a picture of this size stays where it is."""
        return cls(np.eye(2, 3), size)

    def then(self, following: "Geometry") -> "Geometry":
        """Both maps as one, this one first."""
        linear, offset = following.matrix[:, :2], following.matrix[:, 2:]
        moved = linear @ self.matrix
        matrix = np.concatenate([moved[:, :2], moved[:, 2:] + offset], 1)
        leaves = not _lies_within(following.matrix, self.size, following.size)
        return Geometry(matrix, following.size, self.cuts or following.cuts or leaves)

    @property
    def inverse(self) -> NDArray[np.float64]:
        """(2, 3), from new to old coordinates."""
        return np.linalg.inv(np.vstack([self.matrix, [0, 0, 1]]))[:2]

    def shows_outside(self, size: tuple[int, int]) -> bool:
        """Whether parts of the new picture come from outside of an old one of this size."""
        return not _lies_within(self.inverse, self.size, size)

    @property
    def is_upright(self) -> bool:
        """Whether upright boxes stay upright boxes: nothing is turned but by right angles."""
        (a, b), (c, d) = self.matrix[:, :2].tolist()
        return bool((b == c == 0) or (a == d == 0))

    @property
    def scale(self) -> float:
        """Factor of areas."""
        return abs(float(np.linalg.det(self.matrix[:, :2])))

    def boxes(self, boxes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move (G, 4) xyxy boxes and clip them to the new picture; some may become empty."""
        return clip_boxes(move_boxes(boxes, self.matrix), self.size)

    def classes(self, classes: NDArray[np.uint8], outside: int) -> NDArray[np.uint8]:
        """Move a map of classes: each pixel takes that of the place its centre came from.

        Args:
            classes: Of the old picture's pixels.
            outside: Class of new pixels that come from outside of it.
        """
        moved = PilImage.fromarray(classes).transform(
            self.size[::-1],
            PilImage.Transform.AFFINE,
            tuple(self.inverse.ravel()),
            resample=PilImage.Resampling.NEAREST,
            fillcolor=outside,
        )
        return np.array(moved)


def move_boxes(boxes: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (G, 4) upright boxes around (G, 4) xyxy boxes moved by a (2, 3) matrix."""
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    return np.concatenate([moved.min(axis=1), moved.max(axis=1)], axis=1)


def _lies_within(
    matrix: NDArray[np.float64], size: tuple[int, int], frame: tuple[int, int]
) -> bool:
    """Whether a picture that is moved stays within a frame."""
    (around,) = move_boxes(np.array([[0.0, 0.0, *size[::-1]]]), matrix)
    within = clip_boxes(around[None], frame)[0]
    return bool(np.abs(around - within).max() <= ROUNDING * max(frame))
