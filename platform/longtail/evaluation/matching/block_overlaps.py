"""The judged detections of one block of images, and which instances they overlap."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances, area_flags, is_among
from longtail.evaluation.matching.blocks import ranks_of_block
from longtail.evaluation.matching.judged import check_masks
from longtail.evaluation.matching.mask_overlaps import DrawnOutlines
from longtail.evaluation.matching.shapes import Shapes, shapes_of
from longtail.evaluation.matching.shard import Ints, Kind, KindShard, MatchingShard
from longtail.evaluation.protocol import AREA_BOUNDS, IOU_THRESHOLDS
from longtail.predictions.columns import DetectionColumns
from longtail.problems import BadInputError

EVERY_AREA = np.uint8(2 ** len(AREA_BOUNDS) - 1)


def match_block(
    truth: GroundTruth,
    instances: Instances,
    block: int,
    columns: DetectionColumns,
    kinds: Collection[Kind],
    store: Path,
    drawn: DrawnOutlines | None = None,
) -> MatchingShard:
    """The shard of one block.

    Args:
        truth: The annotations.
        instances: The same as arrays.
        block: Number of the block.
        columns: All its detections, with masks where `kinds` holds "segm".
        kinds: What overlaps.
        store: Name of the predictions, for errors.
        drawn: Keeps the instances' masks for other predictions of the same images.

    Raises:
        BadInputError: A detection is of an unknown category, or a mask is damaged.
    """
    ranks = ranks_of_block(block, len(truth.images))
    image, label = truth.images.find(columns.image_id), _labels(columns, truth, store)
    rows = np.flatnonzero(truth.judges(image, label))
    judged = _Judged(rows, image[rows], label[rows], instances)
    by_kind: dict[Kind, KindShard] = {}
    of_judged = columns.take(rows)
    if "segm" in kinds:
        check_masks(of_judged, truth, store)
    for kind in kinds:
        shapes = shapes_of(kind, of_judged, truth, instances, ranks, drawn)
        by_kind[kind] = judged.shard(shapes, instances.starts[ranks.start])
    return MatchingShard(
        blocks=range(block, block + 1),
        any_mask=bool(columns.has_mask.any()),
        image_counts=np.bincount(image - ranks.start, minlength=len(ranks)),
        label=label,
        score=columns.score,
        score_mask=columns.score_mask,
        kinds=by_kind,
    )


class _Judged:
    """The B judged detections of a block, with and without an area."""

    def __init__(self, row: Ints, image: Ints, label: Ints, instances: Instances) -> None:
        self.row, self.image, self.label = row, image, label
        self.instances = instances
        self.pairs = image * instances.num_categories + label

    def candidates(self, area: NDArray[np.float64]) -> tuple[Ints, Ints]:
        """Each detection with an area, with each instance of its image and category.

        Args:
            area: (B,) pixels.

        Returns:
            (E,) indices into the B and (E,) into the instances of the whole file.
        """
        detections, found = self.instances.candidates(self.pairs)
        has_area = area[detections] > 0
        return detections[has_area], found[has_area]

    def shard(self, shapes: Shapes, first_instance: int) -> KindShard:
        """The detections with an area, and their overlaps of the lowest threshold and more.

        Args:
            shapes: Of the B detections and of the block's instances.
            first_instance: The first of those.
        """
        area = shapes.area
        detections, found = self.candidates(area)
        iou = shapes.iou(detections, found - first_instance, IOU_THRESHOLDS[0])
        has_area = area > 0
        new_index = np.cumsum(has_area) - 1
        high = iou >= IOU_THRESHOLDS[0]
        flags = area_flags(area)
        flags[is_among(self.pairs, self.instances.not_exhaustive)] = EVERY_AREA
        return KindShard(
            row=self.row[has_area],
            image=self.image[has_area],
            label=self.label[has_area],
            flags=flags[has_area],
            overlap_detection=new_index[detections[high]],
            overlap_instance=found[high],
            overlap_iou=iou[high],
        )


def _labels(columns: DetectionColumns, truth: GroundTruth, store: Path) -> Ints:
    unknown = ~np.isin(columns.category_id, truth.categories.ids)
    if unknown.any():
        first = int(np.flatnonzero(unknown)[0])
        raise BadInputError(
            f"{store}: category_id {columns.category_id[first]} of image "
            f"{columns.image_id[first]} is not in {truth.path}; name the file that it was made for"
        )
    return truth.categories.index_of(columns.category_id)
