"""Decoded records as columns: D rows, one array per field, before anything was checked."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from longtail.predictions.result_json.records import Record, Segmentation
from longtail.rle.codec import pack, select

NO_MASK, COMPRESSED, RUNS, POLYGONS = range(4)
NO_BOX = (np.nan, np.nan, np.nan, np.nan)
NO_SIZE = (0, 0)
# A character outside ASCII becomes a byte that no valid string holds.
FOREIGN = b"\xff"

Shape = list[int] | list[list[float]]


@dataclass(frozen=True, eq=False)
class RecordColumns:
    """D records of result JSON, whatever their values are.

    Attributes:
        image_id: (D,) int64.
        category_id: (D,) int64.
        score: (D,) float64.
        boxes: (D, 4) float64 x, y, width, height; NaN without a box.
        has_box: (D,) bool.
        empty_box: (D,) bool, whether null or an empty list stands where a box is expected.
        form: (D,) uint8, how the mask is written: `NO_MASK`, `COMPRESSED`, `RUNS` or `POLYGONS`.
        sizes: (D, 2) int64 height, width that the mask claims; 0 where it claims none.
        counts: Flat uint8 buffer of compressed run lengths.
        offsets: (D + 1,) int64 where each string starts and ends; empty but for `COMPRESSED`.
        shapes: The lists of `RUNS` and `POLYGONS` by row.
    """

    image_id: NDArray[np.int64]
    category_id: NDArray[np.int64]
    score: NDArray[np.float64]
    boxes: NDArray[np.float64]
    has_box: NDArray[np.bool_]
    empty_box: NDArray[np.bool_]
    form: NDArray[np.uint8]
    sizes: NDArray[np.int64]
    counts: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    shapes: dict[int, Shape] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.boxes.shape == (len(self), 4) and self.sizes.shape == (len(self), 2)
        assert len(self.offsets) == len(self) + 1 and self.offsets[-1] == len(self.counts)

    def __len__(self) -> int:
        return len(self.image_id)

    @classmethod
    def of(cls, records: Sequence[Record]) -> "RecordColumns":
        """The columns of decoded records."""
        masks = [_mask_of(record.segmentation) for record in records]
        counts, offsets = pack([string for _, _, string in masks])
        ids = [(record.image_id, record.category_id) for record in records]
        image_id, category_id = np.array(ids, dtype=np.int64).reshape(-1, 2).T.copy()
        form = np.array([form for form, _, _ in masks], dtype=np.uint8)
        return cls(
            image_id=image_id,
            category_id=category_id,
            score=np.array([record.score for record in records], dtype=np.float64),
            boxes=np.array([r.bbox or NO_BOX for r in records], dtype=np.float64).reshape(-1, 4),
            has_box=np.array([bool(record.bbox) for record in records], dtype=np.bool_),
            empty_box=np.array([record.bbox is None for record in records], dtype=np.bool_),
            form=form,
            sizes=np.array([size for _, size, _ in masks], dtype=np.int64).reshape(-1, 2),
            counts=counts,
            offsets=offsets,
            shapes={
                row: _shape_of(records[row].segmentation)
                for row in np.flatnonzero(form >= RUNS).tolist()
            },
        )

    def take(self, rows: NDArray[np.int64]) -> "RecordColumns":
        """Some rows, in the order of their numbers in `rows`."""
        counts, offsets = select(self.counts, self.offsets, rows)
        shapes = {}
        if self.shapes:
            places = enumerate(rows.tolist())
            shapes = {new: self.shapes[old] for new, old in places if old in self.shapes}
        flat = {name: getattr(self, name)[rows] for name in FLAT}
        return RecordColumns(**flat, counts=counts, offsets=offsets, shapes=shapes)

    def followed_by(self, other: "RecordColumns") -> "RecordColumns":
        """These rows and then those of another."""
        shifted = {len(self) + row: shape for row, shape in other.shapes.items()}
        names = (*FLAT, "counts")
        flat = {name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in names}
        offsets = np.concatenate([self.offsets, self.offsets[-1] + other.offsets[1:]])
        return RecordColumns(**flat, offsets=offsets, shapes={**self.shapes, **shifted})


FLAT = tuple(
    column.name
    for column in fields(RecordColumns)
    if column.name not in ("counts", "offsets", "shapes")
)
"""The columns of one value, or one row of values, for each record."""


def _mask_of(
    segmentation: Segmentation | list[list[float]] | None,
) -> tuple[int, tuple[int, int], bytes]:
    """Form, claimed size and compressed run lengths; a list without a point is no mask."""
    if segmentation is None:
        return NO_MASK, NO_SIZE, b""
    if not isinstance(segmentation, Segmentation):
        return POLYGONS if any(segmentation) else NO_MASK, NO_SIZE, b""
    if isinstance(segmentation.counts, str):
        text = segmentation.counts
        return COMPRESSED, segmentation.size, text.encode() if text.isascii() else FOREIGN
    return RUNS, segmentation.size, b""


def _shape_of(segmentation: Segmentation | list[list[float]] | None) -> Shape:
    if isinstance(segmentation, Segmentation):
        assert not isinstance(segmentation.counts, str)
        return segmentation.counts
    assert segmentation is not None
    return segmentation
