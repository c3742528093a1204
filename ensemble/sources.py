"""The detections of all sources, block by block.

M sources, always in the order of their names, so that the order on the command line does not
matter. D detections of one block of at most 32 images, all sources together; K categories.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError


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


def read_block(
    stores: Sequence[PredictionStore],
    block: int,
    image_ids: NDArray[np.int64],
    categories: CategoryTable,
) -> Block:
    """One block of every source; the stores must be of one image set.

    Raises:
        BadInputError: A source has a category that is not in the table, or is damaged.
    """
    parts = [store.read_block(block) for store in stores]
    indices = [
        _category_indices(store, part, categories)
        for store, part in zip(stores, parts, strict=True)
    ]
    columns = DetectionColumns.concatenate(parts)
    return Block(
        image_ids=image_ids,
        columns=columns,
        sources=np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
        images=np.searchsorted(image_ids, columns.image_id),
        categories=np.concatenate(indices),
    )


def images_seen(block: Block, num_sources: int) -> NDArray[np.bool_]:
    """(M, images of the block) whether a source has a detection in an image."""
    num_images = len(block.image_ids)
    cells = block.sources * num_images + block.images
    counts = np.bincount(cells, minlength=num_sources * num_images)
    return counts.reshape(num_sources, num_images) > 0


def _category_indices(
    store: PredictionStore, columns: DetectionColumns, categories: CategoryTable
) -> NDArray[np.int64]:
    try:
        return categories.index_of(columns.category_id)
    except ValueError as error:
        raise BadInputError(
            f"{store.directory}: {error}; use the --ann file the source was made for"
        ) from None
