"""Counts of the categories of a set of instances, and the frequency groups drawn by them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from longtail.categories import CategoryTable
from longtail.data.convert.annotation_records import Instance


class Limits(NamedTuple):
    """The most images of a rare and of a common category; LVIS has 10 and 100."""

    rare: int
    common: int


LVIS_LIMITS = Limits(10, 100)


class Counts(NamedTuple):
    """What an LVIS file says of a category: images and instances in training, and the group."""

    image_count: int
    instance_count: int
    frequency: str


def count_images(instances: Iterable[Instance]) -> Counter[int]:
    """Images with an instance of each category."""
    pairs = {(instance.image_id, instance.category_id) for instance in instances}
    return Counter(category for _, category in pairs)


def count_instances(instances: Iterable[Instance]) -> Counter[int]:
    """Instances of each category."""
    return Counter(instance.category_id for instance in instances)


def group_of(image_count: int, limits: Limits) -> str:
    """r up to `limits.rare` images, c up to `limits.common`, f beyond; the bounds belong below."""
    if image_count <= limits.rare:
        return "r"
    return "c" if image_count <= limits.common else "f"


def count_categories(
    categories: Iterable[int], instances: Sequence[Instance], limits: Limits
) -> dict[int, Counts]:
    """The counts of each category in these instances."""
    images, occurrences = count_images(instances), count_instances(instances)
    return {
        category: Counts(
            images[category], occurrences[category], group_of(images[category], limits)
        )
        for category in categories
    }


def counts_in(table: CategoryTable) -> dict[int, Counts]:
    """The counts that a training file has."""
    columns = (table.ids, table.image_count, table.instance_count, table.frequency)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return {category: Counts(*counts) for category, *counts in rows}


def thirds(counts: Mapping[int, Counts]) -> Limits | None:
    """Limits that put about a third of the categories with an instance into each group.

    Returns:
        None if fewer than three different image counts leave no line to draw.
    """
    ordered = sorted(count.image_count for count in counts.values() if count.image_count)
    values = sorted(set(ordered))
    if len(values) < 3:
        return None
    rare = min(ordered[(len(ordered) - 1) // 3], values[-3])
    above = [value for value in values if value > rare]
    common = min(max(ordered[(2 * len(ordered) - 1) // 3], above[0]), values[-2])
    return Limits(rare, common)
