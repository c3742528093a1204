"""From decoded records to columns: every value is checked, faults are tallied by kind."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.predictions.checks.box_conventions import BoxConventions
from longtail.predictions.checks.scores import ScoreChecker
from longtail.predictions.checks.tally import RecordBatch
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.result_json.masks import convert_masks

EMPTY_BOXES = "records with an empty bbox"


@dataclass
class RecordChecker:
    """Checks records against an image set and its categories.

    Attributes:
        images: The images that may have detections.
        categories: The categories that detections may have.
        notes: Counts of what is legal but worth telling.
        max_score: The score that counts as 1, or None (see `score_checks`).
        boxes: What was seen of the boxes of all records.
    """

    images: ImageSet
    categories: CategoryTable
    notes: Counter[str]
    max_score: float | None = 1.0
    boxes: BoxConventions = field(default_factory=BoxConventions)
    _scores: ScoreChecker = field(init=False)

    def __post_init__(self) -> None:
        self._scores = ScoreChecker(self.max_score, self.notes)

    def to_columns(self, batch: RecordBatch) -> DetectionColumns:
        """The sound records of a batch, in their order; faults go to the batch's tally."""
        batch = self._of_known_images(batch)
        columns = batch.columns
        ranks = self.images.find(columns.image_id)
        heights, widths = self.images.heights[ranks], self.images.widths[ranks]
        known = np.isin(columns.category_id, self.categories.ids)
        what = "is not in the annotation file"
        batch.reject(~known, "category_id", what, columns.category_id)
        score = self._scores.read(batch)
        _check_boxes(batch, heights, widths, self.notes)
        counts, offsets, mask_boxes = convert_masks(batch, heights, widths, self.notes)
        sizes = np.stack([heights, widths], axis=1)
        self.boxes.see(batch, sizes, (counts, offsets))
        detections = DetectionColumns(
            image_id=columns.image_id,
            category_id=columns.category_id,
            score=score,
            score_mask=score,
            boxes=np.where(np.isnan(columns.boxes), mask_boxes, columns.boxes),
            heights=heights,
            widths=widths,
            counts=counts,
            counts_offsets=offsets,
        )
        return detections if batch.sound.all() else detections.take(batch.sound)

    def _of_known_images(self, batch: RecordBatch) -> RecordBatch:
        """Leave out records of other images: without a size, no mask can be checked."""
        image_id = batch.columns.image_id
        unknown = self.images.find(image_id) < 0
        batch.reject(unknown, "image_id", "is not in the annotation file", image_id)
        return batch.sound_only()


def _check_boxes(
    batch: RecordBatch, heights: NDArray[np.int64], widths: NDArray[np.int64], notes: Counter[str]
) -> None:
    boxes, present = batch.columns.boxes, batch.columns.has_box
    notes["records with bbox"] += int(present.sum())
    notes["records without bbox"] += int((~present).sum())
    notes[EMPTY_BOXES] += int(batch.columns.empty_box.sum())
    finite = np.isfinite(boxes).all(axis=1)
    batch.reject(present & ~finite, "bbox", "is not finite", boxes)
    x, y, width, height = boxes.T
    batch.reject((width < 0) | (height < 0), "bbox", "has a negative width or height", boxes)
    far_off_x = (x < -widths) | (x + width > 2 * widths)
    far_off_y = (y < -heights) | (y + height > 2 * heights)
    batch.reject(finite & (far_off_x | far_off_y), "bbox", "is far off the image", boxes)
