"""Every image, or every image with repeats of those that show rare categories.

N images of the annotation file, M of them used.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.data.sampling.steps import EpochOrder
from longtail.randomness import order_generator


@dataclass(frozen=True, eq=False)
class RepeatedImages:
    """An `ImageStream` in which each image has its number of copies.

    Attributes:
        images: (M,) int64 image indices that are used.
        copies: (M,) float64 >= 1, expected copies of each in an epoch. The fraction is drawn anew
            each epoch: detectron2's stochastic rounding.
        seed: Decides every draw.
    """

    images: NDArray[np.int64]
    copies: NDArray[np.float64]
    seed: int

    def epoch_order(self, epoch: int) -> EpochOrder:
        """See `ImageStream.epoch_order`."""
        rng = order_generator(self.seed, epoch)
        whole = np.floor(self.copies)
        extra = rng.random(len(self.images)) < self.copies - whole
        return EpochOrder(rng.permutation(np.repeat(self.images, whole.astype(np.int64) + extra)))

    def expected_copies(self, num_images: int) -> NDArray[np.float64]:
        """See `ImageStream.expected_copies`."""
        expected = np.zeros(num_images)
        expected[self.images] = self.copies
        return expected


def repeat_factors(
    offsets: NDArray[np.int64], labels: NDArray[np.int64], num_images: int, threshold: float
) -> NDArray[np.float64]:
    """How often each image is repeated, Gupta et al. 2019 (LVIS), Appendix B.2.

    A category in a share f of the images has r = max(1, sqrt(threshold / f)); an image has the
    largest r of its categories, and 1 if it has none.

    Args:
        offsets: (N + 1,) start of each image's labels.
        labels: Unique category indices of all images, one after the other.
        num_images: M, the images used: the denominator of f.
        threshold: Share of the images below which a category is repeated.

    Returns:
        (N,) float64.
    """
    frequency = np.bincount(labels) / num_images
    with np.errstate(divide="ignore"):
        of_category = np.maximum(1.0, np.sqrt(threshold / frequency))
    factors = np.ones(len(offsets) - 1)
    occupied = np.diff(offsets) > 0
    if occupied.any():
        factors[occupied] = np.maximum.reduceat(of_category[labels], offsets[:-1][occupied])
    return factors
