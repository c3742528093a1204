"""What each synthetic image shows, and what its annotators look at.

K categories by index; the plan is made before anything is painted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CATEGORIES_PER_IMAGE = 5
IMAGES_PER_EMPTY_ONE = 48
MORE_INSTANCES = 0.3
MOST_INSTANCES = 3
NOT_EXHAUSTIVE = 0.2
UNVERIFIED = 0.12
VERIFIED_ABSENT = 8


@dataclass(frozen=True)
class PlannedObject:
    """An object to paint; one that is not annotated is there on purpose."""

    label: int
    annotated: bool


def plan_images(
    num_images: int, shares: NDArray[np.float64], rng: np.random.Generator
) -> list[list[PlannedObject]]:
    """The objects of each image, in painting order; one image in 48 stays empty.

    Every category is shown in its share of the images, in one at least, as far as there is room
    for five categories an image.

    Args:
        num_images: Images of the split.
        shares: (K,) share of the images that show each category.
        rng: Draws which ones.
    """
    labels: list[list[int]] = [[] for _ in range(num_images)]
    load = np.zeros(num_images)
    load[: num_images // IMAGES_PER_EMPTY_ONE] = np.inf
    occupied = int(np.isfinite(load).sum())
    for label, count in _counts_with_room(occupied, shares, rng):
        # Noise keeps the same categories from always meeting.
        for i in np.argsort(load + rng.uniform(0, 2.5, num_images))[:count]:
            labels[i].append(label)
            load[i] += 1
    plans = [_objects_of(shown, shares, rng) for shown in labels]
    return [plans[i] for i in rng.permutation(num_images)]


def verified_absent(
    shown: Sequence[int], num_categories: int, rng: np.random.Generator
) -> list[int]:
    """Some of the categories that an image does not show, ascending: those somebody looked for."""
    absent = np.setdiff1d(np.arange(num_categories), np.array(shown, np.int64))
    chosen = rng.permutation(absent)[:VERIFIED_ABSENT]
    return [int(label) for label in np.sort(chosen)]


def room_for_all(num_images: int, shares: NDArray[np.float64]) -> bool:
    """Whether so many images can show each of the K categories."""
    occupied = num_images - num_images // IMAGES_PER_EMPTY_ONE
    return int(_image_counts(occupied, shares).sum()) <= CATEGORIES_PER_IMAGE * occupied


def _image_counts(num_images: int, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.maximum(1, np.rint(shares * num_images)).astype(np.int64)


def _counts_with_room(
    num_images: int, shares: NDArray[np.float64], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """(category, number of images), rarest first; short of room, some rare ones are left out."""
    counts = _image_counts(num_images, shares)
    falling = np.lexsort((rng.random(len(counts)), -counts))
    fits = np.cumsum(counts[falling]) <= CATEGORIES_PER_IMAGE * num_images
    return [(int(label), int(counts[label])) for label in falling[fits][::-1]]


def _objects_of(
    labels: Sequence[int], shares: NDArray[np.float64], rng: np.random.Generator
) -> list[PlannedObject]:
    objects = []
    for label in labels:
        count = min(MOST_INSTANCES, int(rng.geometric(1 - MORE_INSTANCES)))
        stops_early = count > 1 and rng.random() < NOT_EXHAUSTIVE
        annotated = 1 if stops_early else count
        objects += [PlannedObject(label, i < annotated) for i in range(count)]
    if labels and rng.random() < UNVERIFIED:
        extra = int(rng.choice(len(shares), p=shares / shares.sum()))
        if extra not in labels:
            objects.append(PlannedObject(extra, annotated=False))
    return [objects[i] for i in rng.permutation(len(objects))]
