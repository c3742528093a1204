"""Which training images are seen, and how often: from a sampler's configuration to its stream,
and what that makes of the long tail.

N images of the annotation file, K categories.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS
from longtail.config.augmentations import Augmentation
from longtail.config.stages import (
    ClassAware,
    ClassThenImage,
    RepeatFactor,
    Sampler,
    UniformSampler,
)
from longtail.data.lvis.annotations import Annotations
from longtail.data.sampling.by_category import (
    CategoryImages,
    ClassAwareImages,
    ClassThenImageDraws,
    category_images,
)
from longtail.data.sampling.partners import ImageLabels, shown_copies, used_images
from longtail.data.sampling.repeats import RepeatedImages, repeat_factors
from longtail.data.sampling.steps import ImageStream


def build_stream(
    annotations: ImageLabels, sampler: Sampler, use_empty_images: bool, seed: int
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
        case UniformSampler():
            images = used_images(annotations, use_empty_images)
            return RepeatedImages(images, np.ones(len(images)), seed)
        case RepeatFactor():
            images = used_images(annotations, use_empty_images)
            return RepeatedImages(images, _copies(annotations, images, sampler), seed)
        case ClassAware():
            source = _images_by_category(annotations, sampler.name)
            return ClassAwareImages(source, sampler.images_per_category, seed)
        case ClassThenImage():
            source = _images_by_category(annotations, sampler.name)
            return ClassThenImageDraws(source, sampler.images_per_epoch, seed)


def effective_counts(
    annotations: ImageLabels, copies: NDArray[np.float64], num_categories: int
) -> NDArray[np.float64]:
    """(K,) expected number of images per epoch that show each category, of (N,) copies."""
    offsets, labels = annotations.labels_per_image()
    weights = np.repeat(copies, np.diff(offsets))
    return np.bincount(labels, weights, minlength=num_categories).astype(np.float64)


def _copies(
    annotations: ImageLabels, images: NDArray[np.int64], sampler: RepeatFactor
) -> NDArray[np.float64]:
    offsets, labels = annotations.labels_per_image()
    copies = repeat_factors(offsets, labels, len(images), sampler.threshold)[images]
    return np.ceil(copies) if sampler.rounding == "ceiling" else copies


def _images_by_category(annotations: ImageLabels, sampler: str) -> CategoryImages:
    source = category_images(*annotations.labels_per_image())
    if not len(source.categories):
        raise ValueError(
            f"none of the {annotations.num_images} images has an instance, and sampler {sampler}"
            " draws images by their categories; give another annotation file"
        )
    return source


def images_per_epoch(
    annotations: Annotations,
    sampler: Sampler,
    use_empty: bool,
    seed: int,
    augmentations: Sequence[Augmentation] = (),
) -> dict[str, float]:
    """For each frequency group, the expected number of images of an epoch that show a category of
    it, mean over its categories; groups without a category are left out.

    Args:
        annotations: The training file.
        sampler: Which stream of images.
        use_empty: Whether images without instances are used, see `build_stream`.
        seed: Of the stream; an expectation does not depend on it.
        augmentations: Those of the stage: a mosaic shows several images in one.

    Raises:
        ValueError: No image is left.
    """
    categories = annotations.categories
    stream = build_stream(annotations, sampler, use_empty, seed)
    drawn = stream.expected_copies(annotations.num_images)
    copies = shown_copies(annotations, use_empty, drawn, augmentations)
    counts = effective_counts(annotations, copies, len(categories))
    groups = {letter: categories.group(letter) for letter in FREQUENCY_GROUPS}
    return {
        letter: round(float(counts[group].mean()), 3)
        for letter, group in groups.items()
        if group.any()
    }
