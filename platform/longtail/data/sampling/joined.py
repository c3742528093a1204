"""Images of other files among those of the training file. N images of the training file."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from longtail.data.joining.images import JoinedImages
from longtail.data.sampling.steps import EpochOrder, ImageStream
from longtail.randomness import joined_generator

NO_CATEGORY = -1
"""The category for which a joined image was drawn."""


@dataclass(frozen=True, eq=False)
class WithJoinedImages:
    """An `ImageStream` that shows joined images among those of another stream.

    Each epoch shows what the other stream shows, and of every file its number of images, drawn anew
    without replacement, all of them shuffled together: lvisTraveler 2020, section 2.1, draws 10,000
    of its pseudo-labelled images an epoch. The images of a file have the indices after those before
    it; N is that of the first image of the first one.

    Attributes:
        stream: Of the training file.
        num_images: N.
        files: The joined files, at least one.
        seed: Decides every draw.
    """

    stream: ImageStream
    num_images: int
    files: Sequence[JoinedImages]
    seed: int

    def epoch_order(self, epoch: int) -> EpochOrder:
        """See `ImageStream.epoch_order`."""
        own = self.stream.epoch_order(epoch)
        rng = joined_generator(self.seed, epoch)
        drawn = [
            first + rng.choice(file.images, file.images_per_epoch, replace=False)
            for first, file in zip(self.first_indices(), self.files, strict=True)
        ]
        order = rng.permutation(len(own.images) + sum(map(len, drawn)))
        images = np.concatenate([own.images, *drawn])[order]
        if own.categories is None:
            return EpochOrder(images)
        none = np.full(len(order) - len(own.images), NO_CATEGORY)
        return EpochOrder(images, np.concatenate([own.categories, none])[order])

    def expected_copies(self, num_images: int) -> NDArray[np.float64]:
        """See `ImageStream.expected_copies`: of the training file's images."""
        return self.stream.expected_copies(num_images)

    def first_indices(self) -> list[int]:
        """Of the images of each file."""
        lengths = [file.annotations.num_images for file in self.files]
        return [self.num_images + before for before in accumulate([0, *lengths[:-1]])]
