"""What detections are judged against, image by image.

N images by ascending id, K categories by ascending id, G instances by image and then in file order.
Ground truth of zero area is left out, as lvis-api leaves it out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.lvis.evaluation_faults import faults_for_evaluation
from longtail.data.lvis.segmentation import Polygons, Segmentation
from longtail.data.lvis.tables import InstanceFlag, SegmentationKind
from longtail.predictions.image_set import ImageSet

# Over the upper bound of every area range (1e10), so that the annotation counts in none of them.
IGNORED_AREA = 2e10


class JudgedImage(NamedTuple):
    """An image with its federated lists, as ids of categories that the file has."""

    id: int
    height: int
    width: int
    neg_category_ids: list[int]
    not_exhaustive_category_ids: list[int]


class JudgedAnnotation(NamedTuple):
    """An instance; `bbox` is xywh and `area` that of the file; `row` says where its outline is."""

    id: int
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float]
    area: float
    ignore: bool
    row: int


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """The annotations of one file.

    Attributes:
        file: The open file.
        exhaustive: Every category is labelled in every image.
        images: The N images.
        rows: (G,) int64, the instances with an area among those of the file.
        image: (G,) int64 rank of each one's image.
        judged_pairs: (P,) int64, sorted: image rank * K + category index of every pair in which
            a detection counts, because the category is in the image or verified to be absent.
        has_masks: Every instance has a segmentation; False when none has.
        warnings: What the reader of a result should know.
    """

    file: Annotations
    exhaustive: bool
    images: ImageSet
    rows: NDArray[np.int64]
    image: NDArray[np.int64]
    judged_pairs: NDArray[np.int64]
    has_masks: bool
    warnings: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The file."""
        return self.file.path

    @property
    def categories(self) -> CategoryTable:
        """The K categories."""
        return self.file.categories

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """(G,) index of each one's category."""
        return self.file.written.labels[self.rows]

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """(G, 4) float64 x, y, width, height in pixels, as the file has them."""
        return self.file.written.boxes[self.rows]

    @cached_property
    def areas(self) -> NDArray[np.float64]:
        """(G,) pixels; beyond every area range for an annotation to be ignored.

        lvis-api reads `ignore` and not `iscrowd`; hotcoco the other way round.
        """
        return np.where(self._ignored, IGNORED_AREA, self.file.written.areas[self.rows])

    @property
    def _ignored(self) -> NDArray[np.bool_]:
        ignored: NDArray[np.bool_] = (self.file.written.flags[self.rows] & InstanceFlag.IGNORED) > 0
        return ignored

    @property
    def has_objects(self) -> NDArray[np.bool_]:
        """(N,) whether an image has an instance."""
        return np.bincount(self.image, minlength=len(self.images)) > 0

    @property
    def num_instances(self) -> int:
        """Instances with an area."""
        return len(self.rows)

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

    @cached_property
    def image_records(self) -> Sequence[JudgedImage]:
        """(N) images with their federated lists."""
        of_images = zip(
            self.images.ids.tolist(),
            self.images.heights.tolist(),
            self.images.widths.tolist(),
            strict=True,
        )
        ids = self.categories.ids
        return [
            JudgedImage(
                *of_image,
                self.absent_ids(rank),
                ids[self.file.not_exhaustive(rank)].tolist(),
            )
            for rank, of_image in enumerate(of_images)
        ]

    @cached_property
    def annotations(self) -> Sequence[Sequence[JudgedAnnotation]]:
        """(N) lists of the instances of each image, in file order."""
        written = self.file.written
        columns = zip(
            written.ids[self.rows].tolist(),
            self.images.ids[self.image].tolist(),
            self.categories.ids[self.labels].tolist(),
            map(tuple, self.boxes.tolist()),
            written.areas[self.rows].tolist(),
            self._ignored.tolist(),
            self.rows.tolist(),
            strict=True,
        )
        of_images: list[list[JudgedAnnotation]] = [[] for _ in range(len(self.images))]
        for rank, values in zip(self.image.tolist(), columns, strict=True):
            of_images[rank].append(JudgedAnnotation(*values))
        return of_images

    def of_images(self, ids: NDArray[np.int64]) -> "GroundTruth":
        """The instances of some images; all else is as it was."""
        chosen = np.isin(self.image, self.images.find(ids))
        return replace(self, rows=self.rows[chosen], image=self.image[chosen])

    def absent_ids(self, rank: int) -> list[int]:
        """Ids of the categories that are verified to be absent from the image of a rank."""
        ids = self.categories.ids
        if self.exhaustive:
            absent = np.delete(ids, self.labels[self.of_rank(rank)])
        else:
            absent = ids[self.file.absent(rank)]
        listed: list[int] = absent.tolist()
        return listed

    def of_rank(self, rank: int) -> slice:
        """The instances of the image of a rank, among the G."""
        first, last = np.searchsorted(self.image, [rank, rank + 1]).tolist()
        return slice(first, last)

    def image_dicts(self, ranks: range) -> list[dict[str, Any]]:
        """The images of consecutive ranks as records of LVIS's format."""
        return [self.image_records[rank]._asdict() for rank in ranks]

    def annotation_dicts(self, ranks: range, with_masks: bool) -> list[dict[str, Any]]:
        """The instances of images of consecutive ranks as records of LVIS's format.

        Args:
            ranks: Ranks of the images.
            with_masks: Give the segmentations too.
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
        """The polygons or the run-length mask of an instance of the image of a rank."""
        outline = self.outline(record.row, rank)
        if isinstance(outline, Polygons):
            return [ring.ravel().tolist() for ring in outline.rings]
        assert outline is not None, "a file is evaluated by masks where all instances have one"
        return {"size": [outline.height, outline.width], "counts": outline.counts.decode()}

    def outline(self, row: int, rank: int) -> Segmentation:
        """The outline of one of `rows`, of the image of a rank, as the file has it."""
        size = int(self.images.heights[rank]), int(self.images.widths[rank])
        return self.file.segmentation(row, size)


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
    file = open_annotations(path, exhaustive=exhaustive, logs_warnings=False)
    faults_for_evaluation(file, exhaustive=exhaustive).raise_if_errors()
    written = file.written
    rows = np.flatnonzero(written.areas > 0)
    return GroundTruth(
        file=file,
        exhaustive=exhaustive,
        images=ImageSet(*(np.array(c) for c in (file.image_ids, file.heights, file.widths))),
        rows=rows,
        image=written.image[rows],
        judged_pairs=_judged_pairs(file, rows, exhaustive),
        has_masks=bool((written.kinds[rows] != SegmentationKind.NONE).any()),
        warnings=tuple(_warnings(file)),
    )


def _annotation_dict(record: JudgedAnnotation) -> dict[str, Any]:
    return {
        "id": record.id,
        "image_id": record.image_id,
        "category_id": record.category_id,
        "bbox": list(record.bbox),
        "area": IGNORED_AREA if record.ignore else record.area,
        "iscrowd": 0,
    }


def _judged_pairs(
    file: Annotations, rows: NDArray[np.int64], exhaustive: bool
) -> NDArray[np.int64]:
    num_categories = len(file.categories)
    if exhaustive:
        return np.arange(file.num_images * num_categories)
    there = file.written.image[rows] * num_categories + file.written.labels[rows]
    absent = file.absent_per_image()
    return np.union1d(there, absent.row_of_value() * num_categories + absent.values)


def _warnings(file: Annotations) -> Iterator[str]:
    yield from (problem.in_one_line for problem in file.evaluation_warnings)
    own_counts = np.bincount(file.written.labels, minlength=len(file.categories))
    if np.array_equal(own_counts, file.categories.instance_count):
        yield (
            "instance_count of the categories counts this file's own annotations: unless it is "
            "the training file, name that one (--train-annotations) for the instance bins"
        )
