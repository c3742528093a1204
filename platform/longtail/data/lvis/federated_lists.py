"""What the images of a file say of categories without an instance. N images, K categories."""

import numpy as np
from numpy.typing import NDArray

from longtail.data.lvis.ragged import Ragged
from longtail.data.lvis.tables import MissingList
from longtail.problems import ProblemReport

EXHAUSTIVE = "give --exhaustive if every category is labelled in every image"
LISTS = {
    MissingList.ABSENT: "neg_category_ids",
    MissingList.NOT_EXHAUSTIVE: "not_exhaustive_category_ids",
}


def warn_of_missing_lists(
    image_ids: NDArray[np.int64], missing: NDArray[np.uint8], report: ProblemReport
) -> None:
    """Warn of images without a list, which training reads as an empty one.

    Args:
        image_ids: (N,) ids.
        missing: (N,) `MissingList`.
        report: Receives the warnings.
    """
    for flag, field in LISTS.items():
        without = [f"image {image}" for image in image_ids[(missing & flag) > 0]]
        what = "missing: read as empty in training, refused by evaluation"
        report.warning(f"images.{field}", what, without, f"add the list, or {EXHAUSTIVE}")


def refuse_missing_lists(
    image_ids: NDArray[np.int64], missing: NDArray[np.uint8], report: ProblemReport
) -> None:
    """Report images without a list as one fault: nothing says what is absent in them."""
    fields = [field for flag, field in LISTS.items() if (missing & flag).any()]
    without = [f"image {image}" for image in image_ids[missing > 0]]
    what = "missing, so that nothing says which categories were looked for"
    report.error(f"images.{', '.join(fields)}", what, without, f"add the lists, or {EXHAUSTIVE}")


def refuse_lists_of_some(
    image_ids: NDArray[np.int64],
    absent: Ragged,
    others: tuple[Ragged, ...],
    num_categories: int,
    report: ProblemReport,
) -> None:
    """Report images that list some categories as absent, where labels are said to be exhaustive.

    Args:
        image_ids: (N,) ids.
        absent: N rows of categories verified as absent.
        others: N rows each of categories that are there, or not labelled completely.
        num_categories: K.
        report: Receives the faults.
    """
    pairs = np.unique(
        np.concatenate(
            [rows.row_of_value() * num_categories + rows.values for rows in (absent, *others)]
        )
    )
    named = np.bincount(pairs // num_categories, minlength=len(image_ids))
    federated = (np.diff(absent.offsets) > 0) & (named < num_categories)
    what = "some absent categories are listed and others are not, so labels are not exhaustive"
    offenders = [f"image {image}" for image in image_ids[federated]]
    report.error("images.neg_category_ids", what, offenders, "leave out --exhaustive")
