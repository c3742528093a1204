"""Reading the part of an LVIS annotation file that an evaluation needs, and checking it.

Segmentations stay undecoded JSON until their image is evaluated (see `segmentation`).
"""

from collections import Counter
from collections.abc import Iterable, Set
from pathlib import Path
from typing import Annotated, Any

import msgspec

from longtail.problems import BadInputError, ProblemReport

NO_MASK = (b"", b"null", b"[]")
# hotcoco takes boxes, for recall, as rows of 64-bit floats: whole numbers up to 2**53.
Id = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class ImageRecord(msgspec.Struct):
    """One image of the file, with its federated lists."""

    id: Id
    height: int
    width: int
    neg_category_ids: list[Id]
    not_exhaustive_category_ids: list[Id]


class AnnotationRecord(msgspec.Struct):
    """One instance of the file; `bbox` is x, y, width, height in pixels."""

    id: Id
    image_id: Id
    category_id: Id
    bbox: tuple[float, float, float, float]
    area: float
    segmentation: msgspec.Raw = msgspec.Raw()
    ignore: int | bool = 0

    @property
    def has_mask(self) -> bool:
        """Whether a segmentation is given."""
        return bytes(self.segmentation) not in NO_MASK


class AnnotationFile(msgspec.Struct):
    """The file; categories stay as they are for `CategoryTable.from_records`."""

    images: list[ImageRecord]
    annotations: list[AnnotationRecord]
    categories: list[dict[str, Any]]


def read_annotation_file(path: Path) -> AnnotationFile:
    """Decode the file.

    Raises:
        BadInputError: It is not an LVIS annotation file, or has no annotations.
    """
    try:
        file = msgspec.json.decode(path.read_bytes(), type=AnnotationFile)
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInputError(
            f"{path}: {error}; evaluation needs annotations in LVIS's format: images with "
            "neg_category_ids and not_exhaustive_category_ids, annotations, and categories"
        ) from None
    if not file.annotations:
        raise BadInputError(
            f"{path}: annotations is empty, and evaluation needs annotations; give a labelled "
            "split, not an image_info or test file"
        )
    return file


def check_annotations(
    records: list[AnnotationRecord], image_ids: Set[int], category_ids: Set[int], path: Path
) -> None:
    """Check that the annotations can be told apart and belong to the file's images.

    Raises:
        BadInputError: They do not; all kinds of fault are listed.
    """
    report = ProblemReport(str(path))
    occurrences = Counter(record.id for record in records)
    repeated = [record_id for record_id, count in occurrences.items() if count > 1]
    report.error("annotations[].id", "ids used twice", repeated, "give each its own id")
    homeless = _ids(record for record in records if record.image_id not in image_ids)
    report.error("annotations[].image_id", "unknown images", homeless, "list them in `images`")
    foreign = _ids(record for record in records if record.category_id not in category_ids)
    remedy = "list them in `categories`"
    report.error("annotations[].category_id", "unknown categories", foreign, remedy)
    turned = _ids(record for record in records if min(*record.bbox[2:], record.area) < 0)
    remedy = "a box is x, y, width, height"
    report.error("annotations[]", "negative width, height or area", turned, remedy)
    boxes_only = _ids(record for record in records if not record.has_mask)
    if len(boxes_only) < len(records):
        remedy = "give every annotation a segmentation, or none"
        report.error("annotations[].segmentation", "no mask", boxes_only, remedy)
    report.raise_if_errors()


def _ids(records: Iterable[AnnotationRecord]) -> list[int]:
    return [record.id for record in records]
