"""How far the judged detections of one image overlap its instances, those of other categories too.

D detections by falling score, G instances in file order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.annotations.instances import Instances, is_among
from longtail.evaluation.matching.judged import with_box_area, with_mask_area
from longtail.evaluation.matching.shapes import iou_matrix, shapes_of
from longtail.evaluation.matching.shard import Kind
from longtail.predictions.columns import DetectionColumns

# Below this overlap a detection has nothing to do with an instance (TIDE's t_b).
BACKGROUND_IOU = 0.1
# Bit 0 of an instance's flags: ignored in the area range of all areas.
IGNORED = 1


@dataclass(frozen=True, eq=False)
class ImageOverlaps:
    """Detections and instances of one image.

    Attributes:
        label: (D,) category index.
        score: (D,) falling; equal scores in the source's order.
        exhaustive: (D,) False where the image is not exhaustively annotated with the category.
        gt_label: (G,) category index.
        gt_ignored: (G,) instances whose matches are neither true nor false positives.
        iou: (D, G) overlap in [0, 1]; 0 may stand for one under `BACKGROUND_IOU`.
    """

    label: NDArray[np.int64]
    score: NDArray[np.float64]
    exhaustive: NDArray[np.bool_]
    gt_label: NDArray[np.int64]
    gt_ignored: NDArray[np.bool_]
    iou: NDArray[np.float64]


def image_overlaps(
    judged: DetectionColumns, truth: GroundTruth, instances: Instances, ranks: range, kind: Kind
) -> Iterator[ImageOverlaps]:
    """Yield the overlaps of each image, also of one without detections or instances.

    Args:
        judged: Judged detections within the cap of these images, masks checked. Those without an
            area are dropped, as lvis-api drops them.
        truth: The annotations.
        instances: The same as arrays.
        ranks: Ranks of consecutive images.
        kind: What overlaps, masks or boxes.
    """
    counting = with_mask_area(judged) if kind == "segm" else with_box_area(judged)
    rank_of_row = truth.images.find(counting.image_id)
    for rank in ranks:
        rows = np.flatnonzero(rank_of_row == rank)
        by_score = rows[np.argsort(-counting.score[rows], kind="stable")]
        yield _overlaps(counting.take(by_score), truth, instances, rank, kind)


def _overlaps(
    detections: DetectionColumns, truth: GroundTruth, instances: Instances, rank: int, kind: Kind
) -> ImageOverlaps:
    label = truth.categories.index_of(detections.category_id)
    pairs = rank * instances.num_categories + label
    of_image = slice(instances.starts[rank], instances.starts[rank + 1])
    shapes = shapes_of(kind, detections, truth, instances, range(rank, rank + 1))
    return ImageOverlaps(
        label=label,
        score=detections.score,
        exhaustive=~is_among(pairs, instances.not_exhaustive),
        gt_label=instances.label[of_image],
        gt_ignored=(instances.flags[of_image] & IGNORED).astype(np.bool_),
        iou=iou_matrix(shapes, BACKGROUND_IOU),
    )
