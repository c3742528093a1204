"""What detections are judged against, image by image.

N images by ascending id, K categories by ascending id. Ground truth of zero area is left out, as
lvis-api leaves it out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from longtail.annotation_file.records import FederatedImage, JudgedAnnotation
from longtail.categories import CategoryTable
from longtail.evaluation.annotations.file import check_annotations, read_labelled_file
from longtail.evaluation.annotations.segmentation import read_segmentation
from longtail.predictions.image_set import ImageSet
from longtail.problems import ProblemReport

# Over the upper bound of every area range (1e10), so that the annotation counts in none of them.
IGNORED_AREA = 2e10


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """The annotations of one file.

    Attributes:
        path: The file.
        images: The N images.
        categories: The K categories.
        image_records: (N) images with their federated lists.
        annotations: (N) lists of the instances of each image, in file order.
        judged_pairs: (P,) int64, sorted: image rank * K + category index of every pair in which
            a detection counts, because the category is in the image or verified to be absent.
        has_masks: Every instance has a segmentation; False when none has.
        warnings: What the reader of a result should know.
        exhaustive: Whether every category is labelled in every image.
    """

    path: Path
    images: ImageSet
    categories: CategoryTable
    image_records: Sequence[FederatedImage]
    annotations: Sequence[Sequence[JudgedAnnotation]]
    judged_pairs: NDArray[np.int64]
    has_masks: bool
    warnings: tuple[str, ...]
    exhaustive: bool = False

    @property
    def has_objects(self) -> NDArray[np.bool_]:
        """(N,) whether an image has an instance."""
        return np.array([len(of_image) > 0 for of_image in self.annotations], np.bool_)

    @property
    def num_instances(self) -> int:
        """Instances with an area."""
        return sum(map(len, self.annotations))

    def is_judged(
        self, image_ids: NDArray[np.int64], category_ids: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """(D,) whether detections of these images and categories count at all."""
        return self.judges(self.images.find(image_ids), self.categories.index_of(category_ids))

    def judges(self, ranks: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The same of ranks of images and indices of categories."""
        pairs = ranks * len(self.categories) + labels
        return np.searchsorted(self.judged_pairs, pairs, side="left") < np.searchsorted(
            self.judged_pairs, pairs, side="right"
        )

    def image_dicts(self, ranks: range) -> list[dict[str, Any]]:
        """The images of consecutive ranks as records of LVIS's format."""
        return [
            msgspec.structs.asdict(self.image_records[rank])
            | {"neg_category_ids": self.absent_ids(rank)}
            for rank in ranks
        ]

    def absent_ids(self, rank: int) -> list[int]:
        """Ids of the categories that are verified to be absent from the image of a rank."""
        if not self.exhaustive:
            return list(self.image_records[rank].neg_category_ids)
        present = {record.category_id for record in self.annotations[rank]}
        return [category for category in self.categories.ids.tolist() if category not in present]

    def annotation_dicts(self, ranks: range, with_masks: bool) -> list[dict[str, Any]]:
        """The instances of images of consecutive ranks as records of LVIS's format.

        Args:
            ranks: Ranks of the images.
            with_masks: Decode and check the segmentations too.

        Raises:
            BadInputError: A segmentation is unusable.
        """
        return [
            _annotation_dict(record)
            | ({"segmentation": self.segmentation(record, rank)} if with_masks else {})
            for rank in ranks
            for record in self.annotations[rank]
        ]

    def segmentation(
        self, record: JudgedAnnotation, rank: int
    ) -> list[list[float]] | dict[str, Any]:
        """The polygons or the run-length mask of an instance of the image of a rank.

        Raises:
            BadInputError: It is unusable.
        """
        image = self.image_records[rank]
        where = f"{self.path}: annotations[id={record.id}].segmentation"
        return read_segmentation(record.segmentation, image.height, image.width, where)


def read_ground_truth(path: Path, *, exhaustive: bool = False) -> GroundTruth:
    """Read the annotations to evaluate against.

    Args:
        path: The file.
        exhaustive: Every instance of every category is labelled in every image, as in COCO: what
            has no instance in an image is verified to be absent. `neg_category_ids` may then be
            missing or empty; `not_exhaustive_category_ids` is respected where it is given.

    Raises:
        BadInputError: The file is not an LVIS annotation file, has no annotations, or holds
            records that contradict one another; or its images list some absent categories and not
            all, and are said to be labelled exhaustively.
    """
    file = read_labelled_file(path, exhaustive)
    categories = CategoryTable.from_records(file.categories, str(path))
    images = ImageSet.from_records(file.images, str(path))
    check_annotations(file, categories.ids, path)
    image_records = sorted(file.images, key=lambda image: image.id)
    by_image: dict[int, list[JudgedAnnotation]] = {image.id: [] for image in image_records}
    for record in file.annotations:
        if record.area > 0:
            by_image[record.image_id].append(record)
    annotations = list(by_image.values())
    judged_pairs = _judged_pairs(image_records, annotations, categories)
    if exhaustive:
        _require_no_federated_lists(path, image_records, judged_pairs, len(categories))
        judged_pairs = np.arange(len(images) * len(categories))
    return GroundTruth(
        path=path,
        images=images,
        categories=categories,
        image_records=image_records,
        annotations=annotations,
        judged_pairs=judged_pairs,
        has_masks=file.annotations[0].has_mask,
        warnings=tuple(_warnings(file.annotations, categories)),
        exhaustive=exhaustive,
    )


def area_of(record: JudgedAnnotation) -> float:
    """Pixels; beyond every area range for an annotation to be ignored.

    lvis-api reads `ignore` and not `iscrowd`; hotcoco the other way round.
    """
    return IGNORED_AREA if record.ignore else record.area


def _annotation_dict(record: JudgedAnnotation) -> dict[str, Any]:
    return {
        "id": record.id,
        "image_id": record.image_id,
        "category_id": record.category_id,
        "bbox": list(record.bbox),
        "area": area_of(record),
        "iscrowd": 0,
    }


def _judged_pairs(
    images: Sequence[FederatedImage],
    annotations: Sequence[Sequence[JudgedAnnotation]],
    categories: CategoryTable,
) -> NDArray[np.int64]:
    index_of = dict(zip(categories.ids.tolist(), range(len(categories)), strict=True))
    pairs: set[int] = set()
    for rank, (image, records) in enumerate(zip(images, annotations, strict=True)):
        verified = {record.category_id for record in records}.union(image.neg_category_ids)
        first = rank * len(categories)
        pairs.update(first + index_of[category] for category in verified if category in index_of)
    return np.sort(np.fromiter(pairs, dtype=np.int64, count=len(pairs)))


def _require_no_federated_lists(
    path: Path,
    images: Sequence[FederatedImage],
    judged_pairs: NDArray[np.int64],
    num_categories: int,
) -> None:
    judged = np.bincount(judged_pairs // num_categories, minlength=len(images))
    federated = [
        f"image {image.id}"
        for image, number in zip(images, judged.tolist(), strict=True)
        if image.neg_category_ids and number < num_categories
    ]
    report = ProblemReport(str(path))
    what = "some absent categories are listed and others are not, so labels are not exhaustive"
    report.error("images.neg_category_ids", what, federated, "leave out --exhaustive")
    report.raise_if_errors()


def _warnings(records: Sequence[JudgedAnnotation], categories: CategoryTable) -> Iterator[str]:
    if any(record.id == 0 for record in records):
        yield (
            "annotation id 0: lvis-api takes a match with it for a false positive; here it is a "
            "match, also in the comparison with lvis-api"
        )
    labels = categories.index_of(np.array([record.category_id for record in records]))
    own_counts = np.bincount(labels, minlength=len(categories))
    if np.array_equal(own_counts, categories.instance_count):
        yield (
            "instance_count of the categories counts this file's own annotations: unless it is "
            "the training file, name that one (--train-annotations) for the instance bins"
        )
