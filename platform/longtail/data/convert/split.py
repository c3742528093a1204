"""Sharing images out to training and validation so that no category is on one side alone.

Iterative stratification (Sechidis, Tsoumakas, Vlahavas: On the Stratification of Multi-Label Data,
2011) for two parts, with whole numbers as targets, and a last pass that mends what it leaves.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from longtail.randomness import generator_for

# Separates this draw from others of the same seed.
SPLIT = 7

Labels = Mapping[int, AbstractSet[int]]
"""The categories in each image."""


@dataclass
class _Part:
    """One side: its images, and how many more it should get, in all and of each category."""

    images: set[int]
    wanted: int
    wanted_of: dict[int, int]

    def need(self, category: int) -> tuple[int, int]:
        """How badly it needs an image of a category; larger is worse."""
        return self.wanted_of[category], self.wanted

    def add(self, image: int, labels: Labels) -> None:
        """Take an image."""
        self.images.add(image)
        self.wanted -= 1
        for category in labels[image]:
            self.wanted_of[category] -= 1


def draw_val_images(labels: Labels, share: float, seed: int) -> set[int]:
    """The images of the validation part.

    A category in two images or more is on both sides, unless pictures that show several categories
    leave no such choice (`one_sided` names those).

    Args:
        labels: Categories of two images or more, in the file's order.
        share: Of the images that go to validation, between 0 and 1; at least one does.
        seed: Same seed, same images.
    """
    order = list(labels)
    generator_for(seed, SPLIT).shuffle(order)
    images_of = _images_of(order, labels)
    for_val = {c: _target(len(images), share) for c, images in images_of.items()}
    for_train = {c: len(images) - for_val[c] for c, images in images_of.items()}
    num_val = max(1, min(len(order) - 1, round(share * len(order))))
    val, train = _Part(set(), num_val, for_val), _Part(set(), len(order) - num_val, for_train)
    undecided = dict.fromkeys(order)
    left = Counter({category: len(images) for category, images in images_of.items()})
    while left:
        rarest = min(left, key=lambda category: (left[category], category))
        for image in [image for image in images_of[rarest] if image in undecided]:
            part = val if val.need(rarest) > train.need(rarest) else train
            part.add(image, labels)
            del undecided[image]
            left.subtract(labels[image])
        left = +left
    val.images.update(list(undecided)[: max(0, val.wanted)])
    return _mended(val.images, labels, images_of)


def one_sided(labels: Labels, val: AbstractSet[int]) -> list[int]:
    """Categories in two images or more that are all on one side."""
    total = Counter(category for found in labels.values() for category in found)
    inside = _count(val, labels)
    return sorted(c for c, images in total.items() if images > 1 and inside[c] in (0, images))


def _images_of(order: Sequence[int], labels: Labels) -> dict[int, list[int]]:
    images: dict[int, list[int]] = {}
    for image in order:
        for category in labels[image]:
            images.setdefault(category, []).append(image)
    return images


def _target(num_images: int, share: float) -> int:
    """Images of a category that validation should get: one of two, none of one."""
    if num_images < 2:
        return 0
    return max(1, min(num_images - 1, round(share * num_images)))


def _mended(val: set[int], labels: Labels, images_of: Mapping[int, Sequence[int]]) -> set[int]:
    """Move single images to the side where a category is missing, if that takes none from the
    other."""
    inside = _count(val, labels)
    for category in one_sided(labels, val):
        if inside[category] not in (0, len(images_of[category])):
            continue
        to_val = inside[category] == 0
        for image in images_of[category]:
            if _can_leave(labels[image], inside, images_of, val_side=not to_val):
                val ^= {image}
                inside.update(labels[image]) if to_val else inside.subtract(labels[image])
                break
    return val


def _can_leave(
    found: AbstractSet[int],
    inside: Counter[int],
    images_of: Mapping[int, Sequence[int]],
    val_side: bool,
) -> bool:
    """Whether every category of an image stays on the side that it leaves, or is nowhere else."""
    here = {c: inside[c] if val_side else len(images_of[c]) - inside[c] for c in found}
    return all(here[c] > 1 or len(images_of[c]) == 1 for c in found)


def _count(images: AbstractSet[int], labels: Labels) -> Counter[int]:
    return Counter(category for image in images for category in labels[image])
