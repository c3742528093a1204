"""The judged detections of one block of images, and which instances they overlap."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances, area_flags, is_among
from longtail.evaluation.matching.blocks import ranks_of_block
from longtail.evaluation.matching.judged import check_masks
from longtail.evaluation.matching.mask_overlaps import mask_iou, truth_runs
from longtail.evaluation.matching.part import Ints, Kind, KindPart, OverlapPart
from longtail.evaluation.protocol import AREA_BOUNDS, IOU_THRESHOLDS
from longtail.predictions.columns import DetectionColumns
from longtail.problems import BadInputError
from longtail.rle.codec import decode_many
from longtail.rle.geometry import areas

EVERY_AREA = np.uint8(2 ** len(AREA_BOUNDS) - 1)


def match_block(
    truth: GroundTruth,
    instances: Instances,
    block: int,
    columns: DetectionColumns,
    kinds: Collection[Kind],
    store: Path,
) -> OverlapPart:
    """The part of one block.

    Args:
        truth: The annotations.
        instances: The same as arrays.
        block: Number of the block.
        columns: All its detections, with masks where `kinds` holds "segm".
        kinds: What overlaps.
        store: Name of the predictions, for errors.

    Raises:
        BadInputError: A detection is of an unknown category, or a mask is damaged.
    """
    ranks = ranks_of_block(block, len(truth.images))
    image, label = truth.images.find(columns.image_id), _labels(columns, truth, store)
    rows = np.flatnonzero(truth.judges(image, label))
    judged = _Judged(rows, image[rows], label[rows], instances)
    parts: dict[Kind, KindPart] = {}
    if "segm" in kinds:
        of_judged = columns.take(rows)
        check_masks(of_judged, truth, store)
        parts["segm"] = _by_masks(judged, of_judged, truth, ranks)
    if "box" in kinds:
        parts["box"] = _by_boxes(judged, columns.boxes[rows])
    return OverlapPart(
        blocks=range(block, block + 1),
        any_mask=bool(columns.has_mask.any()),
        image_counts=np.bincount(image - ranks.start, minlength=len(ranks)),
        label=label,
        score=columns.score,
        score_mask=columns.score_mask,
        kinds=parts,
    )


class _Judged:
    """The B judged detections of a block, with and without an area."""

    def __init__(self, row: Ints, image: Ints, label: Ints, instances: Instances) -> None:
        self.row, self.image, self.label = row, image, label
        self.instances = instances
        self.pairs = image * instances.num_categories + label

    def candidates(self, area: NDArray[np.float64]) -> tuple[Ints, Ints]:
        """Detections with an area, each with each instance of its image and category."""
        detections, found = self.instances.candidates(self.pairs)
        has_area = area[detections] > 0
        return detections[has_area], found[has_area]

    def part(
        self, area: NDArray[np.float64], candidates: tuple[Ints, Ints], iou: NDArray[np.float64]
    ) -> KindPart:
        """The detections with an area, and the candidates of the lowest threshold and more."""
        has_area = area > 0
        new_index = np.cumsum(has_area) - 1
        high = iou >= IOU_THRESHOLDS[0]
        flags = area_flags(area)
        flags[is_among(self.pairs, self.instances.not_exhaustive)] = EVERY_AREA
        return KindPart(
            row=self.row[has_area],
            image=self.image[has_area],
            label=self.label[has_area],
            flags=flags[has_area],
            overlap_detection=new_index[candidates[0][high]],
            overlap_instance=candidates[1][high],
            overlap_iou=iou[high],
        )


def _by_masks(
    judged: _Judged, columns: DetectionColumns, truth: GroundTruth, ranks: range
) -> KindPart:
    runs = decode_many(columns.counts, columns.counts_offsets)
    area = areas(*runs).astype(np.float64)
    candidates = judged.candidates(area)
    # The masks of the block's instances count from 0.
    wanted = candidates[1] - judged.instances.starts[ranks.start]
    pairs = candidates[0], wanted
    iou = mask_iou(runs, truth_runs(truth, ranks), pairs, IOU_THRESHOLDS[0])
    return judged.part(area, candidates, iou)


def _by_boxes(judged: _Judged, boxes: NDArray[np.float64]) -> KindPart:
    area = boxes[:, 2] * boxes[:, 3]
    candidates = judged.candidates(area)
    iou = box_iou(boxes[candidates[0]], judged.instances.boxes[candidates[1]])
    return judged.part(area, candidates, iou)


def box_iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """(E,) IoU of E pairs of boxes x, y, width, height, with pycocotools' last digit.

    Boxes that only touch, and boxes turned inside out, overlap by 0. One of each pair has an area.
    """
    sides = np.minimum(a[:, :2] + a[:, 2:], b[:, :2] + b[:, 2:]) - np.maximum(a[:, :2], b[:, :2])
    common = np.where((sides > 0).all(axis=1), sides[:, 0] * sides[:, 1], 0.0)
    # Added in this order, on which the last digit depends.
    return common / (a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - common)


def _labels(columns: DetectionColumns, truth: GroundTruth, store: Path) -> Ints:
    unknown = ~np.isin(columns.category_id, truth.categories.ids)
    if unknown.any():
        first = int(np.flatnonzero(unknown)[0])
        raise BadInputError(
            f"{store}: category_id {columns.category_id[first]} of image "
            f"{columns.image_id[first]} is not in {truth.path}; name the file that it was made for"
        )
    return truth.categories.index_of(columns.category_id)
