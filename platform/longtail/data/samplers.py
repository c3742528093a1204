"""Which training images are seen, in which order, by which worker.

N images of the annotation file, M of them used, K categories, L items of an epoch. The stream of
items is endless: an epoch's remainder flows into the next one, and a step may hold both. It depends
on the seed alone, never on the number of workers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longtail.config.stages import RepeatFactor, Sampler, Uniform

# Separate the streams of random numbers that one seed starts.
ORDER, AUGMENTATION = 0, 1


class LabelledImages(Protocol):
    """The part of `Annotations` that samplers look at."""

    @property
    def num_images(self) -> int:
        """N."""
        ...

    def labels_per_image(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Offsets (N + 1,) and, between them, each image's unique category indices."""
        ...


@dataclass(frozen=True)
class Item:
    """One use of an image: image index, epoch, and position in that epoch's order."""

    image: int
    epoch: int
    position: int


@dataclass(frozen=True)
class Step:
    """A worker's items of one optimizer step, and where the next step starts."""

    items: tuple[Item, ...]
    epoch: int
    position: int


@dataclass(frozen=True, eq=False)
class ImageStream:
    """Endless sequence of images for training.

    Attributes:
        images: (M,) int64 image indices that are used.
        copies: (M,) float64 >= 1, expected copies of each in an epoch. The fraction is drawn anew
            each epoch: detectron2's stochastic rounding.
        seed: Decides every draw.
    """

    images: NDArray[np.int64]
    copies: NDArray[np.float64]
    seed: int

    def epoch_order(self, epoch: int) -> NDArray[np.int64]:
        """(L,) image indices in the order in which the epoch shows them."""
        rng = random_numbers(self.seed, ORDER, epoch)
        whole = np.floor(self.copies)
        extra = rng.random(len(self.images)) < self.copies - whole
        return rng.permutation(np.repeat(self.images, whole.astype(np.int64) + extra))

    def items(self, epoch: int, position: int) -> Iterator[Item]:
        """Every item from this place on, for ever.

        Raises:
            ValueError: The epoch has no such position.
        """
        order = self.epoch_order(epoch)
        if position > len(order):
            raise ValueError(
                f"position {position} lies outside epoch {epoch}, which has {len(order)} items;"
                " the run being resumed had other images, another sampler or another seed"
            )
        while True:
            for place in range(position, len(order)):
                yield Item(int(order[place]), epoch, place)
            epoch, position = epoch + 1, 0
            order = self.epoch_order(epoch)


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
        items = self.stream.items(epoch, position)
        following = next(items)
        while True:
            step = [following, *(next(items) for _ in range(self.images_per_step - 1))]
            following = next(items)
            mine = tuple(step[self.rank :: self.num_replicas])
            yield Step(mine, following.epoch, following.position)


def build_stream(
    annotations: LabelledImages, sampler: Sampler, use_empty_images: bool, seed: int
) -> ImageStream:
    """The stream that a sampler's configuration describes.

    Raises:
        ValueError: No image is left.
    """
    offsets, labels = annotations.labels_per_image()
    occupied = np.diff(offsets) > 0
    images = np.flatnonzero(occupied | use_empty_images)
    if not len(images):
        raise ValueError(
            f"none of the {annotations.num_images} images has an instance; give another annotation"
            " file or set data.use_images_without_annotations"
        )
    match sampler:
        case Uniform():
            copies = np.ones(len(images))
        case RepeatFactor():
            copies = repeat_factors(offsets, labels, len(images), sampler.threshold)[images]
            if sampler.rounding == "ceiling":
                copies = np.ceil(copies)
    return ImageStream(images, copies, seed)


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


def effective_counts(
    annotations: LabelledImages, stream: ImageStream, num_categories: int
) -> NDArray[np.float64]:
    """(K,) expected number of images per epoch that show each category."""
    offsets, labels = annotations.labels_per_image()
    copies = np.zeros(annotations.num_images)
    copies[stream.images] = stream.copies
    weights = np.repeat(copies, np.diff(offsets))
    return np.bincount(labels, weights, minlength=num_categories).astype(np.float64)


def random_numbers(seed: int, *purpose: int) -> np.random.Generator:
    """A generator of its own for each purpose, such as (AUGMENTATION, epoch, position)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=purpose))
