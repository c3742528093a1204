"""From epochs of images to one worker's share of each optimizer step.

N images of the annotation file, L items of an epoch. The stream of items is endless: an epoch's
remainder flows into the next one, and a step may hold both. It depends on the seed alone, never on
the number of workers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class EpochOrder(NamedTuple):
    """What an epoch shows, in order.

    Attributes:
        images: (L,) int64 image indices, L >= 1.
        categories: (L,) int64, the category each image was drawn for, or -1 for none; None where
            images are not drawn for a category that matters later.
    """

    images: NDArray[np.int64]
    categories: NDArray[np.int64] | None = None


class ImageStream(Protocol):
    """Endless sequence of images for training: one epoch after the other."""

    def epoch_order(self, epoch: int) -> EpochOrder:
        """What this epoch shows; the same each time it is asked."""
        ...

    def expected_copies(self, num_images: int) -> NDArray[np.float64]:
        """(N,) how often an epoch is expected to show each image of the file; 0 if never."""
        ...


@dataclass(frozen=True)
class Item:
    """One use of an image: image index, epoch, position in that epoch's order, and the category
    index for which it was drawn, if that matters later."""

    image: int
    epoch: int
    position: int
    category: int | None = None


@dataclass(frozen=True)
class Step:
    """A worker's items of one optimizer step, and where the next step starts."""

    items: tuple[Item, ...]
    epoch: int
    position: int


def items(stream: ImageStream, epoch: int, position: int) -> Iterator[Item]:
    """Every item of the stream from this place on, for ever.

    Raises:
        ValueError: The epoch has no such position.
    """
    order = stream.epoch_order(epoch)
    if position > len(order.images):
        raise ValueError(
            f"position {position} lies outside epoch {epoch}, which has {len(order.images)} items;"
            " the run being resumed had other images, another sampler or another seed"
        )
    while True:
        for place in range(position, len(order.images)):
            drawn_for = -1 if order.categories is None else int(order.categories[place])
            category = None if drawn_for < 0 else drawn_for
            yield Item(int(order.images[place]), epoch, place, category)
        epoch, position = epoch + 1, 0
        order = stream.epoch_order(epoch)


@dataclass(frozen=True, eq=False)
class StepSampler:
    """Cuts a stream into optimizer steps and gives each worker its share.

    Worker r of W takes items r, r + W, ... of every step, so that the workers together see exactly
    the stream, whatever W is.
    """

    stream: ImageStream
    images_per_step: int
    num_replicas: int = 1
    rank: int = 0

    def __post_init__(self) -> None:
        assert 0 <= self.rank < self.num_replicas
        if self.images_per_step % self.num_replicas:
            raise ValueError(
                f"images_per_step {self.images_per_step} cannot be shared evenly by"
                f" {self.num_replicas} workers; choose a multiple of {self.num_replicas} or"
                " another number of workers"
            )

    def steps(self, epoch: int, position: int) -> Iterator[Step]:
        """Every step from this place on, for ever; the same as in a run that never stopped."""
        coming = items(self.stream, epoch, position)
        following = next(coming)
        while True:
            step = [following, *(next(coming) for _ in range(self.images_per_step - 1))]
            following = next(coming)
            mine = tuple(step[self.rank :: self.num_replicas])
            yield Step(mine, following.epoch, following.position)
