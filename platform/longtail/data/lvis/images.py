"""Reading the `images` of an annotation file. N images, K categories."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from msgspec import Raw
from rich.markup import escape

from longtail.annotation_file.checks import check_images
from longtail.annotation_file.decoding import decode_records
from longtail.annotation_file.records import ImageRecord
from longtail.categories import CategoryTable
from longtail.data.lvis.ragged import Ragged, ragged_from_rows, ragged_from_unique
from longtail.data.lvis.tables import ImageTable
from longtail.problems import ProblemReport
from longtail.progress import tracked_records

FederatedField = Literal["neg_category_ids", "not_exhaustive_category_ids"]


def read_images(
    records: Sequence[Raw], categories: CategoryTable, annotated: bool, report: ProblemReport
) -> ImageTable:
    """Decode and check the images.

    Args:
        records: The records of `images`.
        categories: The file's categories.
        annotated: Whether the file has instances, which federated lists then belong to.
        report: Receives the faults.

    Raises:
        BadInputError: A fault was found; checks of the instances would only repeat it.
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
    _check_names(images, report)
    table = ImageTable(
        ids=ids,
        heights=heights,
        widths=widths,
        file_names=[image.file_name for image in images],
        coco_names=["/".join(image.coco_url.split("/")[-2:]) for image in images],
        absent=_federated(images, "neg_category_ids", categories, annotated, report),
        not_exhaustive=_federated(
            images, "not_exhaustive_category_ids", categories, annotated, report
        ),
    )
    report.raise_if_errors()
    return table


def _check_names(images: list[ImageRecord], report: ProblemReport) -> None:
    nameless = [f"image {image.id}" for image in images if not (image.file_name or image.coco_url)]
    report.error("images.file_name", "neither file_name nor coco_url", nameless, "add file_name")


def _federated(
    images: list[ImageRecord],
    field: FederatedField,
    categories: CategoryTable,
    annotated: bool,
    report: ProblemReport,
) -> Ragged:
    rows: list[list[int] | None] = [getattr(image, field) for image in images]
    if annotated:
        missing = [
            f"image {image.id}" for image, row in zip(images, rows, strict=True) if row is None
        ]
        report.warning(f"images.{field}", "missing, read as empty", missing, "add the list")
    listed = ragged_from_rows([row or [] for row in rows])
    image_index = listed.row_of_value()
    known = np.isin(listed.values, categories.ids)
    unknown = [
        f"image {images[image].id}: category {category}"
        for image, category in zip(image_index[~known], listed.values[~known], strict=True)
    ]
    report.error(f"images.{field}", "unknown category ids", unknown, "use ids of categories")
    labels = categories.index_of(listed.values[known])
    return ragged_from_unique(image_index[known], labels, len(images))
