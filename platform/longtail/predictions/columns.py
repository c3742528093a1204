"""Detections as columns: D rows, one array per field, masks end to end in one buffer."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from longtail.predictions.soft_masks import SoftMasks
from longtail.rle.codec import select, unpack


@dataclass(frozen=True, eq=False)
class DetectionColumns:
    """D detections, by image id and then in the order their source gave them.

    Attributes:
        image_id: (D,) int64.
        category_id: (D,) int64, ids of the annotation file, not contiguous indices.
        score: (D,) float64 in [0, 1].
        score_mask: (D,) float64 in [0, 1], equal to `score` where a source scores no masks.
        boxes: (D, 4) float64 x, y, width, height in pixels of the original image.
        heights: (D,) int64, of the original image.
        widths: (D,) int64, of the original image.
        counts: Flat uint8 buffer of COCO's compressed run-length strings.
        counts_offsets: (D + 1,) int64; an empty slice stands for a detection without a mask.
        soft: The grids that masks were made of; None where no row has one, or none was read.
    """

    image_id: NDArray[np.int64]
    category_id: NDArray[np.int64]
    score: NDArray[np.float64]
    score_mask: NDArray[np.float64]
    boxes: NDArray[np.float64]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]
    counts: NDArray[np.uint8]
    counts_offsets: NDArray[np.int64]
    soft: SoftMasks | None = None

    def __post_init__(self) -> None:
        assert self.boxes.shape == (len(self), 4)
        assert len(self.counts_offsets) == len(self) + 1
        assert self.counts_offsets[0] == 0 and self.counts_offsets[-1] == len(self.counts)
        columns = (self.category_id, self.score, self.score_mask, self.heights, self.widths)
        assert all(len(column) == len(self) for column in columns)
        assert self.soft is None or len(self.soft) == len(self)

    def __len__(self) -> int:
        return len(self.image_id)

    @classmethod
    def empty(cls) -> "DetectionColumns":
        """No detection at all."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(
            image_id=nothing,
            category_id=nothing,
            score=np.zeros(0),
            score_mask=np.zeros(0),
            boxes=np.zeros((0, 4)),
            heights=nothing,
            widths=nothing,
            counts=np.zeros(0, dtype=np.uint8),
            counts_offsets=np.zeros(1, dtype=np.int64),
        )

    @classmethod
    def concatenate(cls, parts: Sequence["DetectionColumns"]) -> "DetectionColumns":
        """All rows of `parts`, one part after the other."""
        if not parts:
            return cls.empty()
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in FLAT}
        lengths = np.concatenate([part.counts_lengths for part in parts])
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
        return cls(**columns, counts_offsets=offsets, soft=_concatenate_soft(parts))

    @property
    def counts_lengths(self) -> NDArray[np.int64]:
        """(D,) bytes of each mask's string, 0 for a detection without a mask."""
        return np.diff(self.counts_offsets)

    @property
    def has_mask(self) -> NDArray[np.bool_]:
        """(D,) whether a detection has a mask (that may be without a pixel)."""
        return self.counts_lengths > 0

    def rle(self, i: int) -> bytes:
        """The compressed run-length string of row i, empty without a mask."""
        start, end = self.counts_offsets[i], self.counts_offsets[i + 1]
        return self.counts[start:end].tobytes()

    def rles(self) -> list[bytes]:
        """The strings of all rows."""
        return unpack(self.counts, self.counts_offsets)

    def take(self, index: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "DetectionColumns":
        """The rows that a numpy index names, in its order."""
        rows = np.arange(len(self))[index]
        counts, counts_offsets = select(self.counts, self.counts_offsets, rows)
        return DetectionColumns(
            image_id=self.image_id[rows],
            category_id=self.category_id[rows],
            score=self.score[rows],
            score_mask=self.score_mask[rows],
            boxes=self.boxes[rows],
            heights=self.heights[rows],
            widths=self.widths[rows],
            counts=counts,
            counts_offsets=counts_offsets,
            soft=None if self.soft is None else self.soft.take(rows),
        )

    def between(self, start: int, end: int) -> "DetectionColumns":
        """The rows from `start` to before `end`; nothing but the offsets is copied."""
        first, last = self.counts_offsets[start], self.counts_offsets[end]
        return DetectionColumns(
            image_id=self.image_id[start:end],
            category_id=self.category_id[start:end],
            score=self.score[start:end],
            score_mask=self.score_mask[start:end],
            boxes=self.boxes[start:end],
            heights=self.heights[start:end],
            widths=self.widths[start:end],
            counts=self.counts[first:last],
            counts_offsets=self.counts_offsets[start : end + 1] - first,
            soft=None if self.soft is None else self.soft.take(np.arange(start, end)),
        )

    def without_masks(self) -> "DetectionColumns":
        """The same rows with boxes only."""
        return replace(
            self,
            counts=np.zeros(0, dtype=np.uint8),
            counts_offsets=np.zeros(len(self) + 1, dtype=np.int64),
            soft=None,
        )


FLAT = tuple(
    field.name for field in fields(DetectionColumns) if field.name not in ("counts_offsets", "soft")
)
"""The columns that concatenate as they are."""


def _concatenate_soft(parts: Sequence[DetectionColumns]) -> SoftMasks | None:
    if all(part.soft is None for part in parts):
        return None
    return SoftMasks.concatenate([part.soft or SoftMasks.none(len(part)) for part in parts])
