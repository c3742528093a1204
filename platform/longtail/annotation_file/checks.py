"""Checks of the ids and sizes of records. Each adds to a report what it finds.

N images, M instances.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.problems import ProblemReport
from longtail.rle.validation import MAX_PIXELS


def check_unique(ids: NDArray[np.int64], field: str, report: ProblemReport) -> None:
    """Report ids that occur more than once."""
    values, occurrences = np.unique(ids, return_counts=True)
    report.error(field, "ids that occur twice", values[occurrences > 1], "renumber the records")


def check_images(
    ids: NDArray[np.int64],
    heights: NDArray[np.int64],
    widths: NDArray[np.int64],
    report: ProblemReport,
) -> None:
    """Report ids that occur twice and images too large for one mask.

    Args:
        ids: (N,).
        heights: (N,) pixels, at most 65535.
        widths: (N,) pixels, at most 65535.
        report: Receives the faults.
    """
    check_unique(ids, "images.id", report)
    large = [f"image {image}" for image in ids[heights * widths > MAX_PIXELS]]
    remedy = "see that height and width are right: a mask has under 2**31 pixels"
    report.error("images", "2**31 pixels or more", large, remedy)


def find_known(
    values: NDArray[np.int64],
    known: NDArray[np.int64],
    field: str,
    ids: NDArray[np.int64],
    report: ProblemReport,
) -> NDArray[np.bool_]:
    """Report references to records that the file does not have.

    Args:
        values: (M,) image or category id of each instance.
        known: The ids there are.
        field: Which field `values` comes from.
        ids: (M,) ids of the instances.
        report: Receives the faults.

    Returns:
        (M,) which references hold.
    """
    holds = np.isin(values, known)
    pairs = zip(ids[~holds], values[~holds], strict=True)
    offenders = [f"annotation {annotation}: {value}" for annotation, value in pairs]
    remedy = "remove the annotation, or add the record it names"
    report.error(f"annotations.{field}", "unknown id", offenders, remedy)
    return holds
