"""Reading the `images` of an annotation file. N images."""

from collections.abc import Sequence

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray
from rich.markup import escape

from longtail.annotation_file.checks import check_images
from longtail.annotation_file.decoding import decode_records, decode_with_care
from longtail.annotation_file.records import IdOfImage, ImageRecord
from longtail.data.lvis.ragged import ragged_from_rows
from longtail.data.lvis.tables import ImageTable, MissingList
from longtail.problems import ProblemReport
from longtail.progress import tracked_records


def read_images(records: Sequence[Raw], report: ProblemReport) -> ImageTable:
    """Decode and check the images; what does not fit goes to the report and is left out.

    Args:
        records: The records of `images`.
        report: Receives the faults.
    """
    decoded = decode_records(
        tracked_records(records, f"reading images of {escape(report.file)}"),
        ImageRecord,
        "images",
        report,
    )
    images = sorted(decoded, key=lambda image: image.id)
    ids = np.array([image.id for image in images], dtype=np.int64)
    heights = np.array([image.height for image in images], dtype=np.int64)
    widths = np.array([image.width for image in images], dtype=np.int64)
    check_images(ids, heights, widths, report)
    return ImageTable(
        ids=ids,
        heights=heights,
        widths=widths,
        file_names=[image.file_name or "" for image in images],
        coco_names=["/".join((image.coco_url or "").split("/")[-2:]) for image in images],
        absent=ragged_from_rows([image.neg_category_ids or [] for image in images]),
        not_exhaustive=ragged_from_rows(
            [image.not_exhaustive_category_ids or [] for image in images]
        ),
        missing_lists=np.array([_missing_lists(image) for image in images], dtype=np.uint8),
    )


def ids_of(records: Sequence[Raw]) -> NDArray[np.int64] | None:
    """The ids of images, whatever else is wrong with them; None if one cannot be told."""
    try:
        ids = [decode_with_care(raw, IdOfImage).id for raw in records]
        return np.array(ids, dtype=np.int64)
    except (msgspec.ValidationError, UnicodeDecodeError, OverflowError):
        return None


def _missing_lists(image: ImageRecord) -> MissingList:
    missing = MissingList(0)
    if image.neg_category_ids is None:
        missing |= MissingList.ABSENT
    if image.not_exhaustive_category_ids is None:
        missing |= MissingList.NOT_EXHAUSTIVE
    return missing
