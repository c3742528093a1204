"""Which pictures are mixed into others, and how often an image is then shown.

N images of the annotation file.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longtail.config.augmentations import Augmentation
from longtail.config.mixing import Mixing
from longtail.data.sampling.repeats import repeat_factors


class ImageLabels(Protocol):
    """The part of `Annotations` that is looked at."""

    @property
    def num_images(self) -> int:
        """N."""
        ...

    def labels_per_image(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Offsets (N + 1,) and, between them, each image's unique category indices."""
        ...


def used_images(annotations: ImageLabels, use_empty_images: bool) -> NDArray[np.int64]:
    """(M,) ascending indices of the images that training uses.

    Raises:
        ValueError: No image is left.
    """
    offsets, _ = annotations.labels_per_image()
    images = np.flatnonzero((np.diff(offsets) > 0) | use_empty_images)
    if not len(images):
        raise ValueError(
            f"none of the {annotations.num_images} images has an instance; give another annotation"
            " file or set data.use_images_without_annotations"
        )
    return images


def partner_probabilities(
    annotations: ImageLabels, use_empty_images: bool, threshold: float | None
) -> NDArray[np.float64]:
    """(N,) p_i = r_i / sum r of the used images, r the repeat factors: Alibaba 2020, Algorithm 1.

    Args:
        annotations: The images and their categories.
        use_empty_images: Whether images without instances are used.
        threshold: Of the repeat factors; None draws each image alike.

    Raises:
        ValueError: No image is left.
    """
    images = used_images(annotations, use_empty_images)
    weights = np.zeros(annotations.num_images)
    weights[images] = 1.0
    if threshold is not None:
        factors = repeat_factors(*annotations.labels_per_image(), len(images), threshold)
        weights *= factors
    probabilities: NDArray[np.float64] = weights / weights.sum()
    return probabilities


def shown_copies(
    annotations: ImageLabels,
    use_empty_images: bool,
    drawn: NDArray[np.float64],
    augmentations: Sequence[Augmentation],
) -> NDArray[np.float64]:
    """(N,) how often each image is shown where mixes show several at a time.

    A mosaic in every image shows q + 3 p for the law q that the sampler draws by; a partner has
    itself been through the mixes before.

    Args:
        annotations: The images and their categories.
        use_empty_images: Whether images without instances are used.
        drawn: (N,) how often the sampler draws each.
        augmentations: Those of the stage.
    """
    mixes = [item for item in augmentations if isinstance(item, Mixing)]
    if not mixes:
        return drawn
    *before, last = mixes
    law = partner_probabilities(annotations, use_empty_images, last.drawn_by)
    partners = shown_copies(annotations, use_empty_images, law * drawn.sum(), before)
    anchors = shown_copies(annotations, use_empty_images, drawn, before)
    return anchors + last.num_partners * partners
