"""Checks of instances and categories. Each adds to a report what it finds."""

from collections import Counter
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longtail.annotation_file.checks import check_unique
from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.data.lvis.tables import InstanceFlag, InstanceTable
from longtail.problems import ProblemReport


def check_annotation_ids(ids: NDArray[np.int64], report: ProblemReport) -> None:
    """Report ids that occur more than once."""
    check_unique(ids, "annotations.id", report)


def warn_of_id_0(ids: NDArray[np.int64], report: ProblemReport) -> None:
    """Warn of an id of 0."""
    what = "id 0: lvis-api takes a match with it for a false positive; here it is a match"
    report.warning("annotations.id", what, ids[ids == 0], "number the annotations from 1")


def warn_of_crowds(instances: InstanceTable, report: ProblemReport) -> None:
    """Warn of crowds, which are one instance for lvis-api and none for detectron2's loader."""
    crowds = instances.take((instances.flags & InstanceFlag.CROWD) > 0)
    pairs = zip(crowds.ids, crowds.image_ids, strict=True)
    what = "crowds: left out of training, as in detectron2; ordinary instances in evaluation, as in"
    report.warning(
        "annotations.iscrowd",
        f"{what} lvis-api",
        [f"annotation {annotation} of image {image}" for annotation, image in pairs],
        "python -m longtail.data.convert coco makes crowds what LVIS has for them",
    )


def warn_of_names(categories: CategoryTable, report: ProblemReport) -> None:
    """Warn of names that do not tell categories apart, as tables and confusion do by them."""
    names = [name.strip() for name in categories.names]
    shared = {name for name, number in Counter(names).items() if number > 1 or not name}
    offenders = [
        f"category {category}: {name!r}"
        for category, name in zip(categories.ids.tolist(), names, strict=True)
        if name in shared
    ]
    what = "empty, or the name of another category too"
    report.warning("categories.name", what, offenders, "give each a name of its own")


def warn_of_frequencies(categories: CategoryTable, report: ProblemReport) -> None:
    """Warn of categories with more training images than one of a more frequent group.

    Data sets draw the line between the groups where they like, but in this order.
    """
    for rarer, other in pairwise(FREQUENCY_GROUPS):
        limit = categories.image_count[categories.frequency == other].min(initial=2**62)
        above = (categories.frequency == rarer) & (categories.image_count > limit)
        offenders = [f"category {category}" for category in categories.ids[above]]
        what = f"{rarer}, with a larger image_count than the smallest of {other}"
        remedy = "take both fields from the same file; groups r, c, f are used as they stand"
        report.warning("categories.frequency", what, offenders, remedy)
