"""Images drawn through their categories, so that each category is drawn equally often.

N images of the annotation file, K categories, C of them with at least one image. Images without
instances are never drawn.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.data.lvis.ragged import Ragged, offsets_from_lengths, ragged_from_groups
from longtail.data.sampling.steps import EpochOrder
from longtail.randomness import order_generator


@dataclass(frozen=True, eq=False)
class CategoryImages:
    """The images of each category that has any.

    Attributes:
        categories: (C,) int64 category indices, ascending.
        images: C rows, the image indices of each of `categories`, ascending.
    """

    categories: NDArray[np.int64]
    images: Ragged

    def num_images(self) -> NDArray[np.int64]:
        """(C,) images of each category, at least 1."""
        return np.diff(self.images.offsets)

    def expected_copies(self, num_images: int) -> NDArray[np.float64]:
        """(N,) expected draws of each image when every category draws one of its images: the sum of
        1 / n over its categories, which have n images each."""
        counts = self.num_images()
        shares = np.repeat(1 / counts, counts)
        return np.bincount(self.images.values, shares, num_images).astype(np.float64)


def category_images(offsets: NDArray[np.int64], labels: NDArray[np.int64]) -> CategoryImages:
    """Turn each image's categories into each category's images.

    Args:
        offsets: (N + 1,) start of each image's labels.
        labels: Unique category indices of all images, one after the other.
    """
    image_of_label = Ragged(offsets, labels).row_of_value()
    rows = ragged_from_groups(labels, image_of_label, num_rows=int(labels.max(initial=-1)) + 1)
    lengths = np.diff(rows.offsets)
    categories = np.flatnonzero(lengths)
    return CategoryImages(
        categories, Ragged(offsets_from_lengths(lengths[categories]), rows.values)
    )


@dataclass(frozen=True, eq=False)
class ClassAwareImages:
    """An `ImageStream` that shows the same number of images for each category: Alibaba 2020, 3.

    A category of at least `images_per_category` images gives that many different ones. A category
    of fewer gives all of them once, and the rest is drawn from them with replacement; the report
    does not say what it does there. The draws of all categories are shuffled together; every epoch
    draws anew. An image drawn for one category shows its other categories too.

    Attributes:
        source: Each category's images, C >= 1.
        images_per_category: Draws of each category in an epoch.
        seed: Decides every draw.
    """

    source: CategoryImages
    images_per_category: int
    seed: int

    def epoch_order(self, epoch: int) -> EpochOrder:
        """See `ImageStream.epoch_order`; L = C * images_per_category."""
        rng = order_generator(self.seed, epoch)
        rows = np.split(self.source.images.values, self.source.images.offsets[1:-1])
        return EpochOrder(rng.permutation(np.concatenate([self._draw(row, rng) for row in rows])))

    def expected_copies(self, num_images: int) -> NDArray[np.float64]:
        """See `ImageStream.expected_copies`."""
        return self.images_per_category * self.source.expected_copies(num_images)

    def _draw(self, images: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
        missing = self.images_per_category - len(images)
        if missing <= 0:
            return rng.choice(images, self.images_per_category, replace=False)
        return np.concatenate([images, rng.choice(images, missing)])


@dataclass(frozen=True, eq=False)
class ClassThenImageDraws:
    """An `ImageStream` that draws a category, then one of its images: SimCal 2019, section 2.2.

    Both draws are uniform and with replacement, each item's apart from all others.

    Attributes:
        source: Each category's images, C >= 1.
        images_per_epoch: L. Nothing ends with an epoch; it is only how places are counted.
        seed: Decides every draw.
    """

    source: CategoryImages
    images_per_epoch: int
    seed: int

    def epoch_order(self, epoch: int) -> EpochOrder:
        """See `ImageStream.epoch_order`; tells the drawn categories."""
        rng = order_generator(self.seed, epoch)
        drawn = rng.integers(len(self.source.categories), size=self.images_per_epoch)
        place = rng.integers(self.source.num_images()[drawn])
        images = self.source.images.values[self.source.images.offsets[drawn] + place]
        return EpochOrder(images, self.source.categories[drawn])

    def expected_copies(self, num_images: int) -> NDArray[np.float64]:
        """See `ImageStream.expected_copies`."""
        draws = self.images_per_epoch / len(self.source.categories)
        return draws * self.source.expected_copies(num_images)
