"""Checks across the records of an annotation file. Each adds to a report what it finds.

M instances, N images, K categories.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from longtail.annotation_file.checks import check_unique
from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.data.lvis.ragged import Ragged
from longtail.data.lvis.tables import InstanceTable
from longtail.problems import ProblemReport

# Boxes and polygons of real data sets overshoot the image by rounding; more is a mistake.
OUTSIDE_TOLERANCE = 2.0


def check_annotation_ids(ids: NDArray[np.int64], report: ProblemReport) -> None:
    """Report ids that occur more than once, and an id of 0."""
    check_unique(ids, "annotations.id", report)
    what = "id 0, which the official LVIS evaluation takes for 'no match'"
    report.warning("annotations.id", what, ids[ids == 0], "number the annotations from 1")


def check_geometry(
    instances: InstanceTable, sizes: NDArray[np.int64], report: ProblemReport
) -> None:
    """Report boxes without extent, negative areas, boxes and polygons outside their image.

    Rasterising a polygon with a point far outside would never end.

    Args:
        instances: M instances.
        sizes: (M, 2) width and height of each one's image.
        report: Receives the faults.
    """

    def error(field: str, what: str, at_fault: NDArray[np.bool_], remedy: str) -> None:
        faulty = instances.take(at_fault)
        pairs = zip(faulty.ids, faulty.image_ids, strict=True)
        offenders = [f"annotation {annotation} of image {image}" for annotation, image in pairs]
        report.error(f"annotations.{field}", what, offenders, remedy)

    outside = f"outside the image by over {OUTSIDE_TOLERANCE:g} pixels"
    flat = np.any(instances.boxes[:, 2:] <= instances.boxes[:, :2], axis=1)
    error("bbox", "width or height not over 0", flat, "remove instances without extent")
    remedy = "bbox is [x, y, width, height] in pixels; see that the image's size is right"
    error("bbox", outside, _leaves_image(instances.boxes, sizes), remedy)
    remedy = "clip the polygon to the image; see that the image's size is right"
    error("segmentation", outside, _leaves_image(instances.outlines, sizes), remedy)
    error("area", "negative", instances.areas < 0, "area is the mask's, in square pixels")


def check_absent(
    absent: Ragged, present: Ragged, image_ids: NDArray[np.int64], report: ProblemReport
) -> None:
    """Warn of categories that an image lists as absent and has instances of.

    Args:
        absent: N rows of category indices.
        present: N rows of category indices.
        image_ids: (N,) ids, to name the images.
        report: Receives the faults.
    """
    num_categories = int(max(absent.values.max(initial=0), present.values.max(initial=0))) + 1
    both = np.intersect1d(
        absent.row_of_value() * num_categories + absent.values,
        present.row_of_value() * num_categories + present.values,
    )
    offenders = [f"image {image_ids[image]}" for image in np.unique(both // num_categories)]
    what = "lists a category of which the image has instances"
    report.warning("images.neg_category_ids", what, offenders, "take it off the list")


def check_frequencies(categories: CategoryTable, report: ProblemReport) -> None:
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


def _leaves_image(boxes: NDArray[np.float64], sizes: NDArray[np.int64]) -> NDArray[np.bool_]:
    low, high = boxes[:, :2].min(axis=1), (boxes[:, 2:] - sizes).max(axis=1)
    leaves: NDArray[np.bool_] = (low < -OUTSIDE_TOLERANCE) | (high > OUTSIDE_TOLERANCE)
    return leaves
