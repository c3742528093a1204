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

    A category in two images or more is on both sides, unless images that show several categories
    leave no such choice (`one_sided` names those); the only image of a category is learned from.
    Many rare categories make the share larger than asked for: each needs an image.

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
    sides = _Sides(val.images, labels, images_of, _count(val.images, labels))
    sides.mend()
    sides.approach(num_val, order)
    return sides.val


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


@dataclass
class _Sides:
    """Both sides, for moving single images; `inside` counts each category's validation images."""

    val: set[int]
    labels: Labels
    images_of: Mapping[int, Sequence[int]]
    inside: Counter[int]

    def mend(self) -> None:
        """Put every category on both sides that can be without taking one away from either."""
        for category in one_sided(self.labels, self.val):
            movable = next(filter(self._can_move, self.images_of[category]), None)
            if movable is not None and self.inside[category] in (0, len(self.images_of[category])):
                self._move(movable)

    def approach(self, num_val: int, order: Sequence[int]) -> None:
        """Move images that no category needs where they are until validation has its number.

        Rare categories ask for more images than their share.
        """
        too_many = len(self.val) > num_val
        for image in order:
            if len(self.val) == num_val:
                break
            if (image in self.val) == too_many and self._can_move(image):
                self._move(image)

    def _can_move(self, image: int) -> bool:
        """Whether each of its categories stays on the side that it leaves."""
        found = self.labels[image]
        if image in self.val:
            return all(self.inside[c] > 1 for c in found)
        return all(len(self.images_of[c]) - self.inside[c] > 1 for c in found)

    def _move(self, image: int) -> None:
        if image in self.val:
            self.val.remove(image)
            self.inside.subtract(self.labels[image])
        else:
            self.val.add(image)
            self.inside.update(self.labels[image])


def _count(images: AbstractSet[int], labels: Labels) -> Counter[int]:
    return Counter(category for image in images for category in labels[image])
