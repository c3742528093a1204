"""From decoded records to columns: every value is checked, faults are tallied by kind."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import ImageSet
from longtail.predictions.record_masks import convert_masks
from longtail.predictions.tally import RecordBatch
from longtail.rle.codec import select

NO_BOX = (np.nan, np.nan, np.nan, np.nan)


@dataclass
class RecordChecker:
    """Checks records against an image set and its categories.

    Attributes:
        images: The images that may have detections.
        categories: The categories that detections may have.
        notes: Counts of what is legal but worth telling.
    """

    images: ImageSet
    categories: CategoryTable
    notes: Counter[str]

    def to_columns(self, batch: RecordBatch) -> DetectionColumns:
        """The sound records of a batch, in their order; faults go to the batch's tally."""
        batch = self._of_known_images(batch)
        ranks = self.images.find(batch.column("image_id"))
        heights, widths = self.images.heights[ranks], self.images.widths[ranks]
        category_id = batch.column("category_id")
        known = np.isin(category_id, self.categories.ids)
        batch.reject(~known, "category_id", "is not in the annotation file", category_id)
        score = _checked_scores(batch)
        file_boxes = _checked_boxes(batch, heights, widths, self.notes)
        counts, offsets, mask_boxes = convert_masks(batch, heights, widths, self.notes)
        rows = np.flatnonzero(batch.sound)
        counts, offsets = select(counts, offsets, rows)
        return DetectionColumns(
            image_id=self.images.ids[ranks[rows]],
            category_id=category_id[rows],
            score=score[rows],
            score_mask=score[rows],
            boxes=np.where(np.isnan(file_boxes), mask_boxes, file_boxes)[rows],
            heights=heights[rows],
            widths=widths[rows],
            counts=counts,
            counts_offsets=offsets,
        )

    def _of_known_images(self, batch: RecordBatch) -> RecordBatch:
        """Leave out records of other images: without a size, no mask can be checked."""
        image_id = batch.column("image_id")
        unknown = self.images.find(image_id) < 0
        batch.reject(unknown, "image_id", "is not in the annotation file", image_id)
        return batch.sound_only()


def _checked_scores(batch: RecordBatch) -> NDArray[np.float64]:
    score = np.array([record.score for record in batch.records], dtype=np.float64)
    batch.reject(~np.isfinite(score), "score", "is not a finite number", score)
    outside = np.isfinite(score) & ((score < 0) | (score > 1))
    batch.reject(outside, "score", "is outside 0 to 1", score)
    return score


def _checked_boxes(
    batch: RecordBatch, heights: NDArray[np.int64], widths: NDArray[np.int64], notes: Counter[str]
) -> NDArray[np.float64]:
    """(D, 4) boxes of the records, NaN for those without one."""
    present = np.array([record.bbox is not None for record in batch.records], dtype=np.bool_)
    notes["records with bbox"] += int(present.sum())
    notes["records without bbox"] += int((~present).sum())
    values = [record.bbox or NO_BOX for record in batch.records]
    boxes = np.array(values, dtype=np.float64).reshape(-1, 4)
    finite = np.isfinite(boxes).all(axis=1)
    batch.reject(present & ~finite, "bbox", "is not finite", boxes)
    x, y, width, height = boxes.T
    batch.reject((width < 0) | (height < 0), "bbox", "has a negative width or height", boxes)
    far_off_x = (x < -widths) | (x + width > 2 * widths)
    far_off_y = (y < -heights) | (y + height > 2 * heights)
    batch.reject(finite & (far_off_x | far_off_y), "bbox", "is far off the image", boxes)
    return boxes
