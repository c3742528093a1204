"""Which training images are seen, and how often: from a sampler's configuration to its stream.

N images of the annotation file, K categories.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longtail.config.stages import (
    ClassAware,
    ClassThenImage,
    RepeatFactor,
    Sampler,
    Uniform,
)
from longtail.data.sampler_classes import (
    CategoryImages,
    ClassAwareImages,
    ClassThenImageDraws,
    category_images,
)
from longtail.data.sampler_repeats import RepeatedImages, repeat_factors
from longtail.data.sampler_steps import ImageStream


class LabelledImages(Protocol):
    """The part of `Annotations` that samplers look at."""

    @property
    def num_images(self) -> int:
        """N."""
        ...

    def labels_per_image(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Offsets (N + 1,) and, between them, each image's unique category indices."""
        ...


def build_stream(
    annotations: LabelledImages, sampler: Sampler, use_empty_images: bool, seed: int
) -> ImageStream:
    """The stream that a sampler's configuration describes.

    Args:
        annotations: The images and their categories.
        sampler: Which stream.
        use_empty_images: Whether images without instances are used. Samplers that draw an image
            for a category never do.
        seed: Decides every draw.

    Raises:
        ValueError: No image is left.
    """
    match sampler:
        case Uniform():
            images = _used_images(annotations, use_empty_images)
            return RepeatedImages(images, np.ones(len(images)), seed)
        case RepeatFactor():
            images = _used_images(annotations, use_empty_images)
            return RepeatedImages(images, _copies(annotations, images, sampler), seed)
        case ClassAware():
            source = _images_by_category(annotations, sampler.name)
            return ClassAwareImages(source, sampler.images_per_category, seed)
        case ClassThenImage():
            source = _images_by_category(annotations, sampler.name)
            return ClassThenImageDraws(source, sampler.images_per_epoch, seed)


def effective_counts(
    annotations: LabelledImages, stream: ImageStream, num_categories: int
) -> NDArray[np.float64]:
    """(K,) expected number of images per epoch that show each category."""
    offsets, labels = annotations.labels_per_image()
    copies = stream.expected_copies(annotations.num_images)
    weights = np.repeat(copies, np.diff(offsets))
    return np.bincount(labels, weights, minlength=num_categories).astype(np.float64)


def _used_images(annotations: LabelledImages, use_empty_images: bool) -> NDArray[np.int64]:
    offsets, _ = annotations.labels_per_image()
    images = np.flatnonzero((np.diff(offsets) > 0) | use_empty_images)
    if not len(images):
        raise ValueError(
            f"none of the {annotations.num_images} images has an instance; give another annotation"
            " file or set data.use_images_without_annotations"
        )
    return images


def _copies(
    annotations: LabelledImages, images: NDArray[np.int64], sampler: RepeatFactor
) -> NDArray[np.float64]:
    offsets, labels = annotations.labels_per_image()
    copies = repeat_factors(offsets, labels, len(images), sampler.threshold)[images]
    return np.ceil(copies) if sampler.rounding == "ceiling" else copies


def _images_by_category(annotations: LabelledImages, sampler: str) -> CategoryImages:
    source = category_images(*annotations.labels_per_image())
    if not len(source.categories):
        raise ValueError(
            f"none of the {annotations.num_images} images has an instance, and sampler {sampler}"
            " draws images by their categories; give another annotation file"
        )
    return source
