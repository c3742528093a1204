"""Boxes of a picture where background counts less. I boxes, K categories."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.data.joining.matched import NONE


@dataclass(frozen=True, eq=False)
class Ignored:
    """Ignore boxes of one picture.

    Attributes:
        boxes: (I, 4) float64 xyxy.
        weights: (I,) float32 in [0, 1].
        proposals: (I,) bool, whether background anchors count less there too.
        labels: (I,) int64 in 0..K-1, the only category whose loss is meant, or -1 for all.
    """

    boxes: NDArray[np.float64]
    weights: NDArray[np.float32]
    proposals: NDArray[np.bool_]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def alike(
        cls,
        boxes: NDArray[np.float64],
        weight: float,
        *,
        proposals: bool,
        labels: NDArray[np.int64] | None = None,
    ) -> "Ignored":
        """(I, 4) boxes of one weight; without labels they are of all categories."""
        return cls(
            boxes,
            np.full(len(boxes), weight, np.float32),
            np.full(len(boxes), proposals),
            np.full(len(boxes), NONE) if labels is None else labels,
        )

    @classmethod
    def none(cls) -> "Ignored":
        """No boxes."""
        return cls.alike(np.zeros((0, 4)), 1.0, proposals=False)

    @classmethod
    def joined(cls, parts: Sequence["Ignored"]) -> "Ignored":
        """Those of all parts, of which there is at least one, in their order."""
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.weights for part in parts]),
            np.concatenate([part.proposals for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )

    def take(self, chosen: NDArray[np.bool_]) -> "Ignored":
        """Some of them."""
        return Ignored(
            self.boxes[chosen], self.weights[chosen], self.proposals[chosen], self.labels[chosen]
        )

    def with_boxes(self, boxes: NDArray[np.float64]) -> "Ignored":
        """The same elsewhere."""
        return Ignored(boxes, self.weights, self.proposals, self.labels)
