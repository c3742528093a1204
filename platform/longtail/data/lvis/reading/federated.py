"""The categories in federated lists: verified to be absent, or not labelled completely.

N images, K categories.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.data.lvis.ragged import Ragged, ragged_from_unique
from longtail.data.lvis.tables import ImageTable
from longtail.problems import ProblemReport


def warn_of_unknown_categories(
    images: ImageTable, category_ids: NDArray[np.int64], report: ProblemReport
) -> None:
    """Warn of listed categories that the file does not have: they mean nothing, as in lvis-api."""
    for rows, field in (
        (images.absent, "neg_category_ids"),
        (images.not_exhaustive, "not_exhaustive_category_ids"),
    ):
        unknown = ~np.isin(rows.values, category_ids)
        pairs = zip(rows.row_of_value()[unknown], rows.values[unknown], strict=True)
        offenders = [f"image {images.ids[row]}: category {category}" for row, category in pairs]
        what = "unknown category ids, which mean nothing"
        report.warning(f"images.{field}", what, offenders, "use ids of categories")


def labels_of(rows: Ragged, categories: CategoryTable) -> Ragged:
    """N rows of the ascending indices of the known categories among N rows of ids."""
    known = np.isin(rows.values, categories.ids)
    labels = categories.index_of(rows.values[known])
    return ragged_from_unique(rows.row_of_value()[known], labels, len(rows.offsets) - 1)


def warn_of_absent_and_annotated(
    absent: Ragged, annotated: Ragged, image_ids: NDArray[np.int64], report: ProblemReport
) -> None:
    """Warn of categories that an image lists as absent and has instances of.

    Args:
        absent: N rows of category indices.
        annotated: N rows of category indices.
        image_ids: (N,) ids, to name the images.
        report: Receives the faults.
    """
    num_categories = int(max(absent.values.max(initial=0), annotated.values.max(initial=0))) + 1
    both = np.intersect1d(
        absent.row_of_value() * num_categories + absent.values,
        annotated.row_of_value() * num_categories + annotated.values,
    )
    offenders = [f"image {image_ids[image]}" for image in np.unique(both // num_categories)]
    what = "lists a category of which the image has instances"
    report.warning("images.neg_category_ids", what, offenders, "take it off the list")
