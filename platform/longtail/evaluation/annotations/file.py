"""Reading the part of an LVIS annotation file that an evaluation needs, and checking it.

The rules are lvis-api's where it has any: images need their federated lists, categories there that
the file does not have mean nothing, boxes may leave their image, and every annotation has an
outline or none has. Outlines stay undecoded JSON until their image is evaluated (`segmentation`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.annotation_file.checks import check_unique, find_known
from longtail.annotation_file.decoding import decode_list
from longtail.annotation_file.document import AnnotationFile, load_annotation_file
from longtail.annotation_file.records import (
    ExhaustiveImage,
    FederatedImage,
    JudgedAnnotation,
)
from longtail.problems import BadInputError, ProblemReport

# hotcoco takes boxes, for recall, as rows of 64-bit floats, ids among them.
END_OF_IDS = 2**53


@dataclass(frozen=True, eq=False)
class LabelledFile:
    """A file's records; categories stay as they are for `CategoryTable.from_records`."""

    images: Sequence[FederatedImage]
    annotations: Sequence[JudgedAnnotation]
    categories: Sequence[dict[str, Any]]


def read_labelled_file(path: Path, exhaustive: bool) -> LabelledFile:
    """Decode the file.

    Args:
        path: The file.
        exhaustive: Whether images may lack their federated lists.

    Raises:
        BadInputError: It is no LVIS annotation file, has no annotations, or a field is wrong.
    """
    file = load_annotation_file(path)
    report = ProblemReport(str(path))
    image_type = ExhaustiveImage if exhaustive else FederatedImage
    images = decode_list(file, "images", image_type, report)
    annotations = _annotations(file, report)
    report.raise_if_errors()
    return LabelledFile(images, annotations, file.categories())


def _annotations(file: AnnotationFile, report: ProblemReport) -> list[JudgedAnnotation]:
    records = (
        decode_list(file, "annotations", JudgedAnnotation, report) if file.has_annotations else []
    )
    if not records and not report.errors:
        raise BadInputError(
            f"{file.path}: annotations is empty, and evaluation needs annotations; give a labelled "
            "split, not an image_info or test file"
        )
    return records


def check_annotations(file: LabelledFile, category_ids: NDArray[np.int64], path: Path) -> None:
    """Check that the annotations can be told apart and belong to the file's images.

    Args:
        file: The records.
        category_ids: (K,) ids of its categories.
        path: Where it is, for the error text.

    Raises:
        BadInputError: They do not; all kinds of fault are listed.
    """
    records = file.annotations
    report = ProblemReport(str(path))
    columns = [(record.id, record.image_id, record.category_id) for record in records]
    ids, image_ids, of_category = np.array(columns, dtype=np.int64).T
    known = np.array([image.id for image in file.images], dtype=np.int64)
    _check_limit("images.id", known, report)
    _check_limit("annotations.id", ids, report)
    check_unique(ids, "annotations.id", report)
    find_known(image_ids, known, "image_id", ids, report)
    find_known(of_category, category_ids, "category_id", ids, report)
    turned = [record.id for record in records if min(*record.bbox[2:], record.area) < 0]
    remedy = "a box is x, y, width, height"
    report.error("annotations", "negative width, height or area", turned, remedy)
    boxes_only = [record.id for record in records if not record.has_mask]
    if len(boxes_only) < len(records):
        remedy = "give every annotation a segmentation, or none"
        report.error("annotations.segmentation", "no mask", boxes_only, remedy)
    report.raise_if_errors()


def _check_limit(field: str, ids: NDArray[np.int64], report: ProblemReport) -> None:
    what = "2**53 or more, which evaluators do not hold exactly"
    report.error(field, what, ids[ids >= END_OF_IDS], "renumber the records")
