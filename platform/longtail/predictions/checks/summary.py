"""One pass over a store: what it holds, and the faults that concern more than one record."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.predictions.checks.coverage import Coverage
from longtail.predictions.checks.tally import FaultTally
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.store import PredictionStore
from longtail.problems import SHOWN_OFFENDERS
from longtail.rle.codec import decode_many, select
from longtail.rle.geometry import areas


@dataclass
class PredictionSummary:
    """What a set of predictions holds.

    Attributes:
        num_images: Images that could have detections.
        num_detections: Detections.
        num_images_without: Images without a detection.
        max_per_image: Detections of the image with the most.
        lowest_score: 1 without a detection.
        highest_score: 0 without a detection.
        per_group: Detections of rare, common and frequent categories, by r, c, f; empty where
            the annotation file does not say.
        notes: What the import of a JSON file counted.
    """

    num_images: int
    num_detections: int = 0
    num_images_without: int = 0
    max_per_image: int = 0
    lowest_score: float = 1.0
    highest_score: float = 0.0
    per_group: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def coverage(self) -> Coverage:
        """In how many images anything is found."""
        return Coverage(self.num_images, self.num_images - self.num_images_without)


@dataclass
class Examiner:
    """Looks at the blocks of one store.

    Attributes:
        categories: The categories of the annotation file.
        max_dets: Detections that the evaluation takes from an image.
        errors: What the official evaluation would swallow or stumble over.
        warnings: What it can live with.
    """

    categories: CategoryTable
    max_dets: int
    errors: FaultTally = field(default_factory=FaultTally)
    warnings: FaultTally = field(default_factory=FaultTally)

    def examine(self, store: PredictionStore) -> PredictionSummary:
        """Sum up a store; faults go to `errors` and `warnings`."""
        summary = PredictionSummary(len(store.images), notes=dict(store.manifest.notes))
        per_category = np.zeros(len(self.categories), dtype=np.int64)
        for image_ids, columns in zip(store.images.blocks(), store.blocks(), strict=True):
            per_image = self._count_per_image(image_ids, columns)
            self._check_masks(columns)
            self._check_repeats(columns)
            np.add.at(per_category, self.categories.index_of(columns.category_id), 1)
            summary.num_detections += len(columns)
            summary.num_images_without += int((per_image == 0).sum())
            summary.max_per_image = max(summary.max_per_image, int(per_image.max()))
            summary.lowest_score = min([summary.lowest_score, *columns.score.tolist()])
            summary.highest_score = max([summary.highest_score, *columns.score.tolist()])
        frequency = self.categories.frequency
        counts = {group: int(per_category[frequency == group].sum()) for group in FREQUENCY_GROUPS}
        summary.per_group = counts if all(frequency) else {}
        return summary

    def _count_per_image(
        self, image_ids: NDArray[np.int64], columns: DetectionColumns
    ) -> NDArray[np.int64]:
        starts = np.searchsorted(columns.image_id, image_ids)
        counts = np.diff(np.append(starts, len(columns)))
        over = np.flatnonzero(counts > self.max_dets)
        self.errors.add(
            "image_id",
            f"an image has more than {self.max_dets} detections, the evaluation drops the rest",
            [f"image {image_ids[i]} ({counts[i]})" for i in over[:SHOWN_OFFENDERS]],
            len(over),
            f"keep the {self.max_dets} detections of the highest score in each image",
        )
        return counts

    def _check_masks(self, columns: DetectionColumns) -> None:
        without = np.flatnonzero(~columns.has_mask)
        self.errors.add(
            "segmentation",
            "is missing, a submission of masks needs one for each detection",
            _names(columns, without),
            len(without),
            "write the mask, or leave the detection out",
        )
        rows = np.flatnonzero(columns.has_mask)
        runs = decode_many(*select(columns.counts, columns.counts_offsets, rows))
        empty = rows[areas(*runs) == 0]
        self.warnings.add(
            "segmentation",
            "the mask has no pixel and cannot match anything",
            _names(columns, empty),
            len(empty),
            "leave the detection out",
        )

    def _check_repeats(self, columns: DetectionColumns) -> None:
        repeats = np.array(list(_repeats(columns)), dtype=np.int64)
        self.warnings.add(
            "record",
            "repeats another one exactly and counts as a false positive",
            _names(columns, repeats),
            len(repeats),
            "write each detection once",
        )


def _repeats(columns: DetectionColumns) -> Iterator[int]:
    """Rows with the image, category, score and mask (or box) of an earlier row."""
    # The box of a mask follows from it, up to what a file says besides.
    shapes = [
        counts or tuple(box)
        for counts, box in zip(columns.rles(), columns.boxes.tolist(), strict=True)
    ]
    ids = (columns.image_id.tolist(), columns.category_id.tolist(), columns.score.tolist())
    seen = set()
    for row, key in enumerate(zip(*ids, shapes, strict=True)):
        if key in seen:
            yield row
        seen.add(key)


def _names(columns: DetectionColumns, rows: NDArray[np.int64]) -> list[str]:
    return [
        f"image {columns.image_id[row]}, category {columns.category_id[row]}, "
        f"score {columns.score[row]:.6g}"
        for row in rows[:SHOWN_OFFENDERS]
    ]
