"""The blocks of 32 images in which a prediction store is read."""

from collections.abc import Callable, Iterator

from longtail.predictions.image_set import IMAGES_PER_BLOCK

OnBlock = Callable[[int, int], None]
"""To be told the number of blocks done and of all."""


def ranks_of_block(block: int, num_images: int) -> range:
    """The image ranks of one block."""
    first = block * IMAGES_PER_BLOCK
    return range(first, min(first + IMAGES_PER_BLOCK, num_images))


def ranks_of_blocks(num_images: int) -> Iterator[range]:
    """The image ranks of each block, in order."""
    for first in range(0, num_images, IMAGES_PER_BLOCK):
        yield range(first, min(first + IMAGES_PER_BLOCK, num_images))


def blocks_of_shard(shard: int, num_shards: int, num_blocks: int) -> range:
    """The consecutive blocks of shard 1..num_shards; all shards together hold each block once."""
    return range(num_blocks * (shard - 1) // num_shards, num_blocks * shard // num_shards)
