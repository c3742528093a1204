"""A prediction store seen through a change of its rows, without writing a second one.

D detections of the whole store, in the order of its blocks.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore

BlockChange = Callable[[int, DetectionColumns], DetectionColumns]
"""Takes a block's number and its rows, with or without masks; returns the rows to show."""


class StoreView(PredictionStore):
    """A store of which every block is changed as it is read."""

    def __init__(self, store: PredictionStore, change: BlockChange, num_detections: int) -> None:
        super().__init__(store.directory, store.manifest)
        self._store = store
        self._change = change
        self._num_detections = num_detections

    @property
    def num_detections(self) -> int:
        """Rows of all blocks after the change."""
        return self._num_detections

    def read_block(self, block: int, with_masks: bool = True) -> DetectionColumns:
        """The rows of one block after the change."""
        return self._change(block, self._store.read_block(block, with_masks))


@dataclass(frozen=True, eq=False)
class SetColumns:
    """What can be said of a whole prediction set without its boxes and masks.

    Attributes:
        image: (D,) int64 rank of the image.
        category: (D,) int64 index of the category.
        score: (D,) float64.
        block_starts: (B + 1,) int64, the rows of block b are block_starts[b]:block_starts[b + 1].
    """

    image: NDArray[np.int64]
    category: NDArray[np.int64]
    score: NDArray[np.float64]
    block_starts: NDArray[np.int64]

    @classmethod
    def read(cls, store: PredictionStore, categories: CategoryTable) -> "SetColumns":
        """Read a store once, without its masks."""
        images, labels, scores = [], [], []
        for columns in store.blocks(with_masks=False):
            images.append(store.images.find(columns.image_id))
            labels.append(categories.index_of(columns.category_id))
            scores.append(columns.score)
        starts = np.cumsum([0, *map(len, scores)], dtype=np.int64)
        nothing = np.zeros(0, dtype=np.int64)
        return cls(
            image=np.concatenate([nothing, *images]),
            category=np.concatenate([nothing, *labels]),
            score=np.concatenate([np.zeros(0), *scores]),
            block_starts=starts,
        )


def selected(store: PredictionStore, columns: SetColumns, keep: NDArray[np.bool_]) -> StoreView:
    """The view of a store that has only some of its rows.

    Args:
        store: The store.
        columns: The same store's columns, which know where blocks start.
        keep: (D,) which rows stay.
    """

    def change(block: int, rows: DetectionColumns) -> DetectionColumns:
        return rows.take(keep[columns.block_starts[block] : columns.block_starts[block + 1]])

    return StoreView(store, change, int(keep.sum()))
