"""The images that predictions are made for, and how they are cut into blocks and shards.

N images by ascending id. A block is 32 images and a shard 32 blocks, both by rank of the image id,
so block b of every source of one image set holds the same images and sources merge block by block.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.annotation_file.checks import check_images
from longtail.annotation_file.decoding import decode_list
from longtail.annotation_file.document import map_annotation_file
from longtail.annotation_file.records import ImageSize
from longtail.problems import ProblemReport

IMAGES_PER_BLOCK = 32
BLOCKS_PER_SHARD = 32
IMAGES_PER_SHARD = IMAGES_PER_BLOCK * BLOCKS_PER_SHARD


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Ids and sizes of N images.

    Attributes:
        ids: (N,) int64, strictly ascending.
        heights: (N,) int64, pixels of the original image.
        widths: (N,) int64, pixels of the original image.
    """

    ids: NDArray[np.int64]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]

    def __post_init__(self) -> None:
        assert len(self.ids) == len(self.heights) == len(self.widths)
        assert bool((np.diff(self.ids) > 0).all()), "image ids must be strictly ascending"

    @classmethod
    def from_json(cls, path: Path) -> "ImageSet":
        """Read the `images` of an LVIS file; annotations, if there are any, are skipped.

        Raises:
            BadInputError: The file is not LVIS JSON, or ids or sizes are unusable.
        """
        report = ProblemReport(str(path))
        records = decode_list(map_annotation_file(path), "images", ImageSize, report)
        report.raise_if_errors()
        return cls.from_records(records, str(path))

    @classmethod
    def from_records(cls, records: Sequence[ImageSize], file: str) -> "ImageSet":
        """The images of a file's records, in any order.

        Raises:
            BadInputError: There are none, an id occurs twice, or an image is too large.
        """
        report = ProblemReport(file)
        if not records:
            report.error("images", "no image", ["the list"], "use a file that lists its images")
        columns = [(record.id, record.height, record.width) for record in records]
        ids, heights, widths = np.array(sorted(columns), dtype=np.int64).reshape(-1, 3).T.copy()
        check_images(ids, heights, widths, report)
        report.raise_if_errors()
        return cls(ids, heights, widths)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def num_blocks(self) -> int:
        """Blocks of at most 32 images."""
        return -(-len(self) // IMAGES_PER_BLOCK)

    @property
    def num_shards(self) -> int:
        """Shards of at most 1024 images."""
        return -(-len(self) // IMAGES_PER_SHARD)

    def blocks(self) -> list[NDArray[np.int64]]:
        """The ids of each block, in order."""
        starts = range(0, len(self), IMAGES_PER_BLOCK)
        return [self.ids[start : start + IMAGES_PER_BLOCK] for start in starts]

    def blocks_of_shard(self, shard: int) -> range:
        """The numbers of the blocks that a shard holds."""
        assert 0 <= shard < self.num_shards
        first = shard * BLOCKS_PER_SHARD
        return range(first, min(first + BLOCKS_PER_SHARD, self.num_blocks))

    def find(self, image_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """(D,) the rank of each of D ids in the set, -1 for ids that are not in it."""
        ranks = np.searchsorted(self.ids, image_ids)
        known = ranks < len(self)
        known[known] = self.ids[ranks[known]] == image_ids[known]
        return np.where(known, ranks, -1)

    def digest(self) -> str:
        """SHA-256 of ids and sizes: equal exactly for equal image sets."""
        table = np.stack([self.ids, self.heights, self.widths])
        return hashlib.sha256(np.ascontiguousarray(table, dtype="<i8").tobytes()).hexdigest()
