"""The detections of all sources, on disk, for any number of trials.

Judged detections have their masks here: AP looks at no others, and fusion never joins detections of
different images or categories. The others have theirs only where a search compares masks, and
only in images with more detections than may stay: there it matters how many objects they make.

D detections of M sources in N images and B blocks of images; those that no merge can use are left
out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ensemble.sources.blocks import Block
from ensemble.sources.filters import OTHER_SIZE, TAKES_PART
from ensemble.sources.reader import FilteredBlock
from ensemble.sources.valid_area import ValidArea, within_valid_areas
from longtail.array_store import StoreFormat, read_array_store, write_array_store
from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import SoftMasks
from longtail.rle.codec import select

Ints = NDArray[np.int64]
BY_ROW = (
    *("image", "category", "source", "score", "score_mask", "boxes", "widths", "heights"),
    *("shares", "place", "judged", "has_mask"),
)
"""Arrays of D rows."""
FORMAT = StoreFormat(manifest="rows.json", version=1, remedy="start the search again")


@dataclass(frozen=True, eq=False)
class SourceDetections:
    """Detections block after block, within a block source after source.

    Attributes:
        image_ids: (N,) int64.
        block_starts: (B + 1,) int64, where the rows of each block start.
        image_starts: (B + 1,) int64, where its images start.
        image: (D,) int64 rank of the image.
        category: (D,) int64 index.
        source: (D,) int64 index.
        score: (D,) float64, as the source has it.
        score_mask: (D,) float64, that of the mask.
        boxes: (D, 4) float64 x, y, width, height in pixels.
        widths: (D,) int64 of the image.
        heights: (D,) int64 of the image.
        shares: (D, 4) float64 xyxy as fractions of the image.
        place: (D,) int64, row of the re-scorer.
        judged: (D,) bool, whether AP looks at the row.
        has_mask: (D,) bool, whether it has a mask, here or not.
        counts: uint8, mask bytes of rows that need them, one after the other.
        counts_offsets: (D + 1,) int64, where each row's mask starts; equal for rows without one.
        cells: uint8, the grids of judged rows where masks may be voted, one after the other.
        cells_offsets: (D + 1,) int64, where each row's grid starts.
        seen: (M, N) bool, whether a source was run on an image.
    """

    image_ids: Ints
    block_starts: Ints
    image_starts: Ints
    image: Ints
    category: Ints
    source: Ints
    score: NDArray[np.float64]
    score_mask: NDArray[np.float64]
    boxes: NDArray[np.float64]
    widths: Ints
    heights: Ints
    shares: NDArray[np.float64]
    place: Ints
    judged: NDArray[np.bool_]
    has_mask: NDArray[np.bool_]
    counts: NDArray[np.uint8]
    counts_offsets: Ints
    cells: NDArray[np.uint8]
    cells_offsets: Ints
    seen: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.score)

    @property
    def num_blocks(self) -> int:
        """B."""
        return len(self.block_starts) - 1

    def rows_of(self, number: int) -> slice:
        """The rows of a block."""
        return slice(self.block_starts[number], self.block_starts[number + 1])

    def of_sources(self, chosen: Sequence[int]) -> tuple["SourceDetections", Ints]:
        """The rows of some sources, which are numbered anew, and which rows of these they are.

        Their places in the re-scorer stay, which has rows of all sources.

        Args:
            chosen: Indices of the sources, ascending.
        """
        number = np.full(len(self.seen), -1)
        number[list(chosen)] = np.arange(len(chosen))
        rows = np.flatnonzero(number[self.source] >= 0)
        by_row = {name: getattr(self, name)[rows] for name in BY_ROW}
        counts, counts_offsets = select(self.counts, self.counts_offsets, rows)
        cells, cells_offsets = select(self.cells, self.cells_offsets, rows)
        return replace(
            self,
            **{**by_row, "source": number[self.source[rows]]},
            block_starts=np.searchsorted(rows, self.block_starts),
            counts=counts,
            counts_offsets=counts_offsets,
            cells=cells,
            cells_offsets=cells_offsets,
            seen=self.seen[list(chosen)],
        ), rows

    def block(self, number: int, scores: NDArray[np.float64], categories: CategoryTable) -> Block:
        """A block with the masks of its rows that have one here.

        Args:
            number: Which.
            scores: (2, D) scores of all rows, and those of their masks.
            categories: The categories of the data set.
        """
        rows, first = self.rows_of(number), self.image_starts[number]
        offsets = self.counts_offsets[rows.start : rows.stop + 1]
        ends = self.cells_offsets[rows.start : rows.stop + 1]
        grids = SoftMasks(self.cells[ends[0] : ends[-1]], ends - ends[0])
        columns = DetectionColumns(
            image_id=self.image_ids[self.image[rows]],
            category_id=categories.ids[self.category[rows]],
            score=scores[0, rows],
            score_mask=scores[1, rows],
            boxes=self.boxes[rows],
            heights=self.heights[rows],
            widths=self.widths[rows],
            counts=self.counts[offsets[0] : offsets[-1]],
            counts_offsets=offsets - offsets[0],
            soft=grids if len(self.cells) else None,
        )
        image_ids = self.image_ids[first : self.image_starts[number + 1]]
        images, categories_of = self.image[rows] - first, self.category[rows]
        return Block(image_ids, columns, self.source[rows], images, categories_of)

    def filtered(
        self,
        number: int,
        scores: NDArray[np.float64],
        categories: CategoryTable,
        areas: Sequence[ValidArea],
    ) -> FilteredBlock:
        """A block as a merge that reads these rows filters them.

        Args:
            number: Which.
            scores: (2, D) scores of all rows, and those of their masks.
            categories: The categories of the data set.
            areas: M valid areas.
        """
        block, rows = self.block(number, scores, categories), self.rows_of(number)
        fits = within_valid_areas(areas, block.sources, block.columns.boxes)
        images = slice(self.image_starts[number], self.image_starts[number + 1])
        reasons = np.where(fits, TAKES_PART, OTHER_SIZE)
        return FilteredBlock(block, self.shares[rows], self.seen[:, images], reasons)

    @property
    def scores(self) -> NDArray[np.float64]:
        """(2, D) the sources' own scores, and those of their masks."""
        return np.stack([self.score, self.score_mask])

    def save(self, directory: Path) -> None:
        """Write every array to a directory that does not exist."""
        directory.mkdir()
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        write_array_store(directory, FORMAT, arrays, {})

    @classmethod
    def load(cls, directory: Path) -> "SourceDetections":
        """Map saved arrays, read-only; the command that made them does not compare digests."""
        return cls(**read_array_store(directory, FORMAT, verify=False).arrays)


class Strings:
    """One buffer for the strings of all rows; a row may have none."""

    def __init__(self) -> None:
        self._parts: list[NDArray[np.uint8]] = [np.zeros(0, np.uint8)]
        self._lengths: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]

    def add(
        self, data: NDArray[np.uint8], offsets: NDArray[np.int64], kept: NDArray[np.bool_]
    ) -> None:
        """Take rows of a block.

        Args:
            data: Their strings, one after the other.
            offsets: Where each one's string starts, and the end.
            kept: Whether a row keeps its string.
        """
        self._parts.append(select(data, offsets, np.flatnonzero(kept))[0])
        self._lengths.append(np.where(kept, np.diff(offsets), 0))

    def add_none(self, num_rows: int) -> None:
        """Take rows that have no strings."""
        self._lengths.append(np.zeros(num_rows, np.int64))

    def data(self) -> NDArray[np.uint8]:
        """The strings of all rows."""
        return np.concatenate(self._parts)

    def offsets(self) -> NDArray[np.int64]:
        """(D + 1,) where each row's string starts."""
        offsets: NDArray[np.int64] = np.cumsum(np.concatenate(self._lengths))
        return offsets
