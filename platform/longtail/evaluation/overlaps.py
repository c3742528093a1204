"""What matching needs of detections and ground truth besides scores, computed once.

J judged detections with an area and G instances, both by category, then image, then file order;
E overlaps of the lowest IoU threshold and more, which are few: the others never match.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
import pycocotools.mask
from numpy.typing import NDArray

from longtail.evaluation.detections import check_masks
from longtail.evaluation.ground_truth import GroundTruth
from longtail.evaluation.matches import as_bits
from longtail.evaluation.rescorer_kernels import AREA_BOUNDS, IOU_THRESHOLDS
from longtail.evaluation.segmentation import compressed_mask
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.image_set import IMAGES_PER_BLOCK
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError
from longtail.rle.codec import decode_many
from longtail.rle.geometry import areas

Kind = Literal["segm", "box"]
Ints = NDArray[np.int64]
OnBlock = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Detections, instances and how they overlap; bit a of a flag is for area range a.

    Attributes:
        scores: (S,) float64, the store's own scores of all its rows.
        image_starts: (N + 1,) int64, where the rows of each image start.
        image_ids: (N,) int64.
        row: (J,) int64, row of the store.
        image: (J,) int64 rank of the image.
        detection_flags: (J,) uint8, counts as nothing if nothing matches it.
        detection_starts: (K + 1,) int64, where each category starts.
        truth_image: (G,) int64 rank of the image.
        truth_flags: (G,) uint8, ignored.
        truth_starts: (K + 1,) int64, where each category starts.
        overlap_starts: (J + 1,) int64, where the overlaps of each detection start.
        overlap_truth: (E,) int64, index of the instance; within a detection those of the highest
            overlap first, and of equals the later, as lvis-api prefers them.
        overlap_bits: (E,) uint16, bit t for an overlap that reaches threshold t.
    """

    scores: NDArray[np.float64]
    image_starts: Ints
    image_ids: Ints
    row: Ints
    image: Ints
    detection_flags: NDArray[np.uint8]
    detection_starts: Ints
    truth_image: Ints
    truth_flags: NDArray[np.uint8]
    truth_starts: Ints
    overlap_starts: Ints
    overlap_truth: Ints
    overlap_bits: NDArray[np.uint16]

    def __post_init__(self) -> None:
        # As arrays mapped from files are: processes share them, and numba compiles for one kind.
        for column in fields(self):
            getattr(self, column.name).flags.writeable = False


@dataclass
class Block:
    """Judged detections and instances of one block of images, in file order.

    Attributes:
        labels: (B,) category indices of the detections.
        images: (B,) ranks of their images.
        columns: The B detections.
        records: Instances as `GroundTruth.annotation_dicts` gives them.
        truth_labels: Their category indices.
        truth_images: Ranks of their images.
        num_categories: K.
    """

    labels: Ints
    images: Ints
    columns: DetectionColumns
    records: list[dict[str, Any]]
    truth_labels: Ints
    truth_images: Ints
    num_categories: int

    def overlaps(self, kind: Kind, truth: GroundTruth) -> Iterator[tuple[Ints, Ints, Any]]:
        """Indices of detections, of instances, and IoU, for each pair of image and category."""
        keys = self.images * self.num_categories + self.labels
        truth_keys = self.truth_images * self.num_categories + self.truth_labels
        order, truth_order = (np.argsort(k, kind="stable") for k in (keys, truth_keys))
        shared = np.intersect1d(keys, truth_keys)
        bounds = _bounds(keys[order], shared)
        truth_bounds = _bounds(truth_keys[truth_order], shared)
        regions = self._masks if kind == "segm" else self._boxes
        for i in range(len(shared)):
            found = order[bounds[0][i] : bounds[1][i]]
            wanted = truth_order[truth_bounds[0][i] : truth_bounds[1][i]]
            rank = int(shared[i]) // self.num_categories
            pair = regions(found, wanted, truth.image_records[rank])
            iou = np.asarray(pycocotools.mask.iou(*pair, [0] * len(wanted)))
            rows, instances = np.nonzero(iou >= IOU_THRESHOLDS[0])
            yield found[rows], wanted[instances], iou[rows, instances]

    def _boxes(self, found: Ints, wanted: Ints, image: Any) -> tuple[Any, Any]:
        boxes = [self.records[i]["bbox"] for i in wanted]
        return self.columns.boxes[found], np.array(boxes, dtype=np.float64)

    def _masks(self, found: Ints, wanted: Ints, image: Any) -> tuple[Any, Any]:
        size = [image.height, image.width]
        masks = [{"size": size, "counts": self.columns.rle(i)} for i in found]
        return masks, [compressed_mask(self.records[i]["segmentation"], *size) for i in wanted]


@dataclass
class OverlapBuilder:
    """Collects blocks of images in order; `finish` sorts everything by category."""

    truth: GroundTruth
    store: PredictionStore
    kind: Kind
    num_rows: int = 0
    num_detections: int = 0
    num_instances: int = 0
    parts: dict[str, list[NDArray[Any]]] = field(default_factory=dict)

    def add(self, ranks: range, columns: DetectionColumns) -> None:
        """Add the images of consecutive ranks with all their detections."""
        counting = self.truth.is_judged(columns.image_id, columns.category_id)
        rows = self.num_rows + np.flatnonzero(counting)
        judged = columns.take(counting)
        if self.kind == "segm":
            check_masks(judged, self.truth, self.store.directory)
            area = areas(*decode_many(judged.counts, judged.counts_offsets)).astype(np.float64)
        else:
            area = judged.boxes[:, 2] * judged.boxes[:, 3]
        block = self._block(ranks, judged.take(area > 0))
        outside = _outside_area_ranges(area[area > 0]) | self._not_exhaustive(block)[:, None]
        self._keep("scores", columns.score)
        self._keep("image_counts", _counts(self.truth.images.find(columns.image_id), ranks))
        self._keep("row", rows[area > 0])
        self._keep("image", block.images)
        self._keep("label", block.labels)
        self._keep("detection_flags", _flags(outside))
        self._keep("truth_image", block.truth_images)
        self._keep("truth_label", block.truth_labels)
        truth_areas = np.array([record["area"] for record in block.records], dtype=np.float64)
        self._keep("truth_flags", _flags(_outside_area_ranges(truth_areas)))
        for found, wanted, iou in block.overlaps(self.kind, self.truth):
            self._keep("overlap_detection", self.num_detections + found)
            self._keep("overlap_truth", self.num_instances + wanted)
            self._keep("overlap_iou", iou)
        self.num_rows += len(columns)
        self.num_detections += len(block.labels)
        self.num_instances += len(block.records)

    def finish(self) -> Overlaps:
        """All arrays, by category, then image, then file order."""
        order = np.argsort(self._all("label"), kind="stable")
        truth_order = np.argsort(self._all("truth_label"), kind="stable")
        detections = np.argsort(order)[self._all("overlap_detection")]
        instances = np.argsort(truth_order)[self._all("overlap_truth")]
        iou = self._all("overlap_iou", np.float64)
        by_detection = np.lexsort((-instances, -iou, detections))
        num_categories = len(self.truth.categories)
        return Overlaps(
            scores=self._all("scores", np.float64),
            image_starts=_starts(self._all("image_counts")),
            image_ids=self.truth.images.ids.copy(),
            row=self._all("row")[order],
            image=self._all("image")[order],
            detection_flags=self._all("detection_flags", np.uint8)[order],
            detection_starts=_starts(np.bincount(self._all("label"), minlength=num_categories)),
            truth_image=self._all("truth_image")[truth_order],
            truth_flags=self._all("truth_flags", np.uint8)[truth_order],
            truth_starts=_starts(np.bincount(self._all("truth_label"), minlength=num_categories)),
            overlap_starts=_starts(np.bincount(detections, minlength=len(order))),
            overlap_truth=instances[by_detection],
            overlap_bits=as_bits(iou[by_detection, None] >= IOU_THRESHOLDS),
        )

    def _block(self, ranks: range, columns: DetectionColumns) -> Block:
        records = self.truth.annotation_dicts(ranks, with_masks=self.kind == "segm")
        image_ids = np.array([record["image_id"] for record in records], dtype=np.int64)
        category_ids = np.array([record["category_id"] for record in records], dtype=np.int64)
        return Block(
            labels=self.truth.categories.index_of(columns.category_id),
            images=self.truth.images.find(columns.image_id),
            columns=columns,
            records=records,
            truth_labels=self.truth.categories.index_of(category_ids),
            truth_images=self.truth.images.find(image_ids),
            num_categories=len(self.truth.categories),
        )

    def _not_exhaustive(self, block: Block) -> NDArray[np.bool_]:
        lists = self.truth.image_records
        columns = zip(block.images.tolist(), block.columns.category_id.tolist(), strict=True)
        flags = [category in lists[rank].not_exhaustive_category_ids for rank, category in columns]
        return np.array(flags, dtype=np.bool_)

    def _keep(self, name: str, values: NDArray[Any]) -> None:
        self.parts.setdefault(name, []).append(values)

    def _all(self, name: str, dtype: type = np.int64) -> NDArray[Any]:
        return np.concatenate([np.zeros(0, dtype=dtype), *self.parts.get(name, [])])


def find_overlaps(
    truth: GroundTruth, store: PredictionStore, kind: Kind, on_block: OnBlock | None = None
) -> Overlaps:
    """Read a store once, block by block, and compute what does not depend on scores.

    Args:
        truth: The annotations.
        store: Predictions for the same images.
        kind: Overlaps of masks or of boxes.
        on_block: Told the number of blocks done and of all, as they are done.

    Raises:
        BadInputError: Masks are needed and not there, or damaged.
    """
    if kind == "segm" and not truth.has_masks:
        raise BadInputError(f"{truth.path}: the annotations have boxes only; evaluate boxes")
    builder = OverlapBuilder(truth, store, kind)
    any_mask = store.num_detections == 0
    for block in range(store.block_count):
        columns = store.read_block(block, with_masks=kind == "segm")
        any_mask = any_mask or bool(columns.has_mask.any())
        first = block * IMAGES_PER_BLOCK
        builder.add(range(first, min(first + IMAGES_PER_BLOCK, len(truth.images))), columns)
        if on_block is not None:
            on_block(block + 1, store.block_count)
    if kind == "segm" and not any_mask:
        raise BadInputError(f"{store.directory}: no detection has a mask; evaluate boxes")
    return builder.finish()


def _bounds(ordered: Ints, keys: Ints) -> tuple[Ints, Ints]:
    return np.searchsorted(ordered, keys, "left"), np.searchsorted(ordered, keys, "right")


def _outside_area_ranges(area: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (area[:, None] < AREA_BOUNDS[:, 0]) | (area[:, None] > AREA_BOUNDS[:, 1])


def _flags(outside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    weights = 1 << np.arange(len(AREA_BOUNDS), dtype=np.uint8)
    flags: NDArray[np.uint8] = (outside * weights).sum(axis=1, dtype=np.uint8)
    return flags


def _counts(images: Ints, ranks: range) -> Ints:
    return np.bincount(images - ranks.start, minlength=len(ranks))


def _starts(counts: Ints) -> Ints:
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]).astype(np.int64)
