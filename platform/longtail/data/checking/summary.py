"""What an annotation file holds, in numbers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, INSTANCE_BINS
from longtail.data.lvis.annotations import Annotations
from longtail.data.lvis.tables import SegmentationKind
from longtail.printed_table import PrintedTable, number_columns, text_columns

ALL_GROUPS = "all"


@dataclass(frozen=True)
class ListSizes:
    """How many categories the images list: the fewest, the median, the most."""

    smallest: int
    median: float
    largest: int


@dataclass(frozen=True)
class GroupCounts:
    """The categories of a frequency group.

    Attributes:
        categories: How many there are.
        annotated: How many of them have an instance in this file.
        instances: Their instances in this file.
        bins: How many of them are in each instance bin (by `instance_count`).
    """

    categories: int
    annotated: int
    instances: int
    bins: dict[str, int]


@dataclass(frozen=True)
class Summary:
    """The counts of one annotation file; `groups` is empty for categories without counts."""

    images: int
    images_without_annotations: int
    instances: int
    polygon_instances: int
    rle_instances: int
    box_only_instances: int
    categories: int
    neg_category_ids_per_image: ListSizes
    not_exhaustive_category_ids_per_image: ListSizes
    groups: dict[str, GroupCounts]


def summarize(annotations: Annotations) -> Summary:
    """Count what an annotation file holds."""
    return Summary(
        images=annotations.num_images,
        images_without_annotations=annotations.num_images - annotations.num_annotated_images,
        instances=annotations.num_instances,
        polygon_instances=annotations.num_segmentations(SegmentationKind.POLYGONS),
        rle_instances=annotations.num_segmentations(SegmentationKind.RLE),
        box_only_instances=annotations.num_segmentations(SegmentationKind.NONE),
        categories=len(annotations.categories),
        neg_category_ids_per_image=_list_sizes(annotations.absent, annotations.num_images),
        not_exhaustive_category_ids_per_image=_list_sizes(
            annotations.not_exhaustive, annotations.num_images
        ),
        groups=_groups(annotations),
    )


def counts_table(summary: Summary) -> PrintedTable:
    """The counts of images and instances."""
    table = PrintedTable("", [*text_columns("in the file"), *number_columns("count")])
    table.add("images", f"{summary.images}")
    table.add("images without annotations", f"{summary.images_without_annotations}")
    table.add("instances", f"{summary.instances}")
    table.add("  with polygons", f"{summary.polygon_instances}")
    table.add("  with run-length masks", f"{summary.rle_instances}")
    table.add("  with a box only", f"{summary.box_only_instances}")
    table.add("categories", f"{summary.categories}")
    for name, sizes in (
        ("neg_category_ids", summary.neg_category_ids_per_image),
        ("not_exhaustive_category_ids", summary.not_exhaustive_category_ids_per_image),
    ):
        text = f"{sizes.smallest} / {sizes.median:g} / {sizes.largest}"
        table.add(f"{name} per image, min / median / max", text)
    return table


def groups_table(summary: Summary) -> PrintedTable:
    """The categories by frequency group and instance bin."""
    shown = number_columns("categories", *INSTANCE_BINS, "annotated here", "instances here")
    table = PrintedTable("", [*text_columns("group"), *shown])
    for name, group in summary.groups.items():
        bins = (group.bins[instance_bin] for instance_bin in INSTANCE_BINS)
        numbers = (group.categories, *bins, group.annotated, group.instances)
        table.add(name, *map(str, numbers))
    return table


def _list_sizes(listed: Callable[[int], NDArray[np.int64]], num_images: int) -> ListSizes:
    sizes = np.array([len(listed(i)) for i in range(num_images)] or [0])
    return ListSizes(int(sizes.min()), float(np.median(sizes)), int(sizes.max()))


def _groups(annotations: Annotations) -> dict[str, GroupCounts]:
    categories = annotations.categories
    if not categories.has_counts:
        return {}
    instances = annotations.instances_per_category()
    bins = categories.instance_bin()
    members = {letter: categories.group(letter) for letter in FREQUENCY_GROUPS}
    members[ALL_GROUPS] = np.ones(len(categories), dtype=np.bool_)
    return {
        group: GroupCounts(
            categories=int(chosen.sum()),
            annotated=int(np.count_nonzero(instances[chosen])),
            instances=int(instances[chosen].sum()),
            bins={name: int((bins[chosen] == i).sum()) for i, name in enumerate(INSTANCE_BINS)},
        )
        for group, chosen in members.items()
    }
