"""Probabilities of masks over their boxes, as a mask head gives them: grids, before any threshold.

D rows; M x M cells in a grid, 28 x 28 as a rule. A byte q of a cell stands for the probability
q / 255.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.rle.codec import select

FULL = 255
"""The byte of probability 1."""
MIN_SIDE, MAX_SIDE = 2, 112
MAX_BLOCK_BYTES = 2**28
"""Grids of one block of a store, unpacked: 300 detections of 28 x 28 in each of 32 images take
7.5 MB."""


@dataclass(frozen=True, eq=False)
class SoftMasks:
    """The grids of D detections, end to end in one buffer.

    Attributes:
        cells: Flat uint8, the rows of each grid from top to bottom.
        offsets: (D + 1,) int64; an empty slice stands for a detection without a grid.
    """

    cells: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    def __post_init__(self) -> None:
        assert self.offsets[0] == 0 and self.offsets[-1] == len(self.cells)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def none(cls, num_rows: int) -> "SoftMasks":
        """No detection has a grid."""
        return cls(np.zeros(0, np.uint8), np.zeros(num_rows + 1, np.int64))

    @classmethod
    def of(cls, probabilities: NDArray[np.floating]) -> "SoftMasks":
        """Round (D, M, M) probabilities in [0, 1] to bytes, by at most 1 / 510."""
        num_rows, side = probabilities.shape[:2]
        assert probabilities.shape[2] == side
        cells = np.rint(np.clip(probabilities, 0, 1) * FULL).astype(np.uint8)
        return cls(cells.ravel(), np.arange(num_rows + 1, dtype=np.int64) * side**2)

    @classmethod
    def concatenate(cls, parts: Sequence["SoftMasks"]) -> "SoftMasks":
        """All rows of `parts`, at least one part, one after the other."""
        ends = np.cumsum([0, *(len(part.cells) for part in parts)])
        offsets = [part.offsets[1:] + end for part, end in zip(parts, ends[:-1], strict=True)]
        cells = np.concatenate([part.cells for part in parts])
        return cls(cells, np.concatenate([np.zeros(1, np.int64), *offsets]))

    @property
    def sides(self) -> NDArray[np.int64]:
        """(D,) M of each grid, 0 without one."""
        return np.rint(np.sqrt(np.diff(self.offsets))).astype(np.int64)

    def grid(self, i: int) -> NDArray[np.uint8]:
        """(M, M) bytes of row i, which has a grid."""
        side = int(self.sides[i])
        return self.cells[self.offsets[i] : self.offsets[i + 1]].reshape(side, side)

    def take(self, rows: NDArray[np.int64]) -> "SoftMasks":
        """The grids of some rows, in their order."""
        return SoftMasks(*select(self.cells, self.offsets, rows))

    def problem(self, has_mask: NDArray[np.bool_]) -> str | None:
        """What keeps grids that come from a file from being used; None if nothing does.

        Args:
            has_mask: (D,) whether a detection has a run-length mask too, as it must.
        """
        sides, lengths = self.sides, np.diff(self.offsets)
        present = lengths > 0
        wrong = present & ((sides**2 != lengths) | (sides < MIN_SIDE) | (sides > MAX_SIDE))
        if wrong.any():
            return (
                f"a soft mask of {lengths[wrong][0]} bytes is no square grid of {MIN_SIDE} to "
                f"{MAX_SIDE} cells a side"
            )
        if (present & ~has_mask).any():
            return f"row {np.flatnonzero(present & ~has_mask)[0]} has a soft mask and no mask"
        return None
