"""The detections of all sources, block by block.

M sources, always in the order of their names, so that the order on the command line does not
matter. D detections of one block of at most 32 images, all sources together; K categories.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.predictions.arrow_tables import bytes_of_masks, from_tables
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError

MAX_TABLE = 2**20
"""Category ids under this are looked up in a table."""


@dataclass(frozen=True, eq=False)
class Block:
    """The detections of all sources in one block of images.

    Attributes:
        image_ids: Ids of the block's images.
        columns: D detections, source after source.
        sources: (D,) int64 index of each one's source.
        images: (D,) int64 place of each one's image in `image_ids`.
        categories: (D,) int64 contiguous category index.
    """

    image_ids: NDArray[np.int64]
    columns: DetectionColumns
    sources: NDArray[np.int64]
    images: NDArray[np.int64]
    categories: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.columns)


class BlockReader:
    """Reads block after block of all sources, into the same memory.

    Mask bytes of a block are overwritten by the next: new memory for tens of megabytes costs as
    much as reading them.

    Args:
        stores: Of the sources, all of one image set.
        categories: The categories of the data set.
        with_soft_masks: Read the grids of stores that have some, too.
    """

    def __init__(
        self,
        stores: Sequence[PredictionStore],
        categories: CategoryTable,
        with_soft_masks: bool = False,
    ) -> None:
        self._stores, self._categories = stores, categories
        self._with_grids = with_soft_masks and any(store.has_soft_masks for store in stores)
        self._memory = np.zeros(0, np.uint8)
        # A table for ids from 0 on, of bounded size; others are searched for.
        self._end = min(int(categories.ids[-1]) + 1, MAX_TABLE)
        self._index_of = np.zeros(self._end, np.int64)
        small = np.flatnonzero(categories.ids < self._end)
        self._index_of[categories.ids[small]] = small

    def read(self, block: int, image_ids: NDArray[np.int64]) -> Block:
        """One block.

        Args:
            block: Its number.
            image_ids: Its images.

        Raises:
            BadInputError: A source has a category that is not in the table, or is damaged.
        """
        if self._with_grids:
            parts = [store.read_block(block, with_soft_masks=True) for store in self._stores]
            sizes, columns = [*map(len, parts)], DetectionColumns.concatenate(parts)
        else:
            tables = [store.read_table(block) for store in self._stores]
            num_bytes = sum(map(bytes_of_masks, tables))
            if num_bytes > len(self._memory):
                self._memory = np.empty(num_bytes * 5 // 4, np.uint8)
            sizes, columns = [*map(len, tables)], from_tables(tables, self._memory)
        return Block(
            image_ids=image_ids,
            columns=columns,
            sources=np.repeat(np.arange(len(sizes)), sizes),
            images=_places(image_ids, columns.image_id, sizes),
            categories=self._category_indices(columns.category_id, sizes),
        )

    def _category_indices(
        self, category_ids: NDArray[np.int64], sizes: Sequence[int]
    ) -> NDArray[np.int64]:
        if len(category_ids) and 0 <= category_ids.min() <= category_ids.max() < self._end:
            indices = self._index_of[category_ids]
            if np.array_equal(self._categories.ids[indices], category_ids):
                return indices
        starts = np.cumsum([0, *sizes])
        for store, (start, end) in zip(self._stores, pairwise(starts), strict=True):
            _check_categories(store, category_ids[start:end], self._categories)
        return self._categories.index_of(category_ids)


def images_seen(block: Block, num_sources: int) -> NDArray[np.bool_]:
    """(M, images of the block) whether a source has a detection in an image."""
    num_images = len(block.image_ids)
    cells = block.sources * num_images + block.images
    counts = np.bincount(cells, minlength=num_sources * num_images)
    return counts.reshape(num_sources, num_images) > 0


def _places(
    image_ids: NDArray[np.int64], of_rows: NDArray[np.int64], sizes: Sequence[int]
) -> NDArray[np.int64]:
    """(D,) place of each row's image; the rows of a source are sorted by image."""
    numbers, starts = [], np.cumsum([0, *sizes])
    for start, end in pairwise(starts):
        cuts = np.searchsorted(of_rows[start:end], image_ids[1:])
        counts = np.diff(np.concatenate([[0], cuts, [end - start]]))
        numbers.append(np.repeat(np.arange(len(image_ids)), counts))
    return np.concatenate([np.zeros(0, np.int64), *numbers])


def _check_categories(
    store: PredictionStore, category_ids: NDArray[np.int64], categories: CategoryTable
) -> None:
    try:
        categories.index_of(category_ids)
    except ValueError as error:
        raise BadInputError(
            f"{store.directory}: {error}; use the --ann file the source was made for"
        ) from None
