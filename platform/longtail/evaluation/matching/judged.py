"""Which detections of a block are judged, and their masks as LVIS results hold them.

D detections of one block of images, sorted by image id and then in the source's order.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from longtail.evaluation.annotations.ground_truth import GroundTruth
from longtail.evaluation.matching.shard import Kind
from longtail.predictions.columns import DetectionColumns
from longtail.problems import ProblemReport
from longtail.rle.geometry import have_pixels
from longtail.rle.validation import OK, find_faults


def check_masks(columns: DetectionColumns, truth: GroundTruth, store: Path) -> None:
    """Check what every writer of ours promises, before a library decodes a mask.

    Raises:
        BadInputError: A mask is damaged, or not of the size of its image.
    """
    ranks = truth.images.find(columns.image_id)
    misfits = (columns.heights != truth.images.heights[ranks]) | (
        columns.widths != truth.images.widths[ranks]
    )
    faults = find_faults(columns.counts, columns.counts_offsets, columns.heights, columns.widths)
    report = ProblemReport(str(store))
    remedy = "import the predictions again with these annotations"
    offenders = columns.image_id[misfits | (ranks < 0)].tolist()
    report.error("height, width", "not the size of the image", offenders, remedy)
    offenders = columns.image_id[columns.has_mask & (faults != OK)].tolist()
    report.error("counts", "damaged masks in images", offenders, remedy)
    report.raise_if_errors()


def ranked_by(columns: DetectionColumns, kind: Kind) -> DetectionColumns:
    """The detections with the score that masks, or boxes, are ranked by, as `score`."""
    return replace(columns, score=columns.score_mask) if kind == "segm" else columns


def within_cap(columns: DetectionColumns, max_dets: int) -> DetectionColumns:
    """The `max_dets` best-scored detections of each image, over all categories.

    As lvis-api's `limit_dets_per_image`: equal scores go to the earlier detection, and the
    detections of categories that are not judged in the image, and empty masks, take a slot too.
    """
    _, starts, counts = np.unique(columns.image_id, return_index=True, return_counts=True)
    if not (counts > max_dets).any():
        return columns
    keep = np.ones(len(columns), dtype=np.bool_)
    for start, count in zip(starts[counts > max_dets], counts[counts > max_dets], strict=True):
        order = np.argsort(-columns.score[start : start + count], kind="stable")
        keep[start + order[max_dets:]] = False
    return columns.take(keep)


def judged(columns: DetectionColumns, truth: GroundTruth, max_dets: int) -> DetectionColumns:
    """The detections within the cap whose category is in the image or verified to be absent.

    Dropping the others here is what LVIS's federated rule does later anyway; it only saves time.
    """
    capped = within_cap(columns, max_dets)
    return capped.take(truth.is_judged(capped.image_id, capped.category_id))


def with_box_area(columns: DetectionColumns) -> DetectionColumns:
    """The detections whose box has an area: lvis-api drops the others after the cap."""
    return columns.take(columns.boxes[:, 2] * columns.boxes[:, 3] > 0)


def with_mask_area(columns: DetectionColumns) -> DetectionColumns:
    """The detections whose mask has a pixel: lvis-api drops the others after the cap."""
    return columns.take(have_pixels(columns.counts, columns.counts_offsets))


def mask_dicts(columns: DetectionColumns) -> list[dict[str, Any]]:
    """LVIS results without `bbox`, so that area ranges go by the area of the mask.

    lvis-api takes the area of the box where there is one; published mask AP is computed without it.
    """
    rows = zip(
        columns.image_id.tolist(),
        columns.category_id.tolist(),
        columns.score.tolist(),
        columns.heights.tolist(),
        columns.widths.tolist(),
        columns.rles(),
        strict=True,
    )
    return [
        {
            "image_id": image_id,
            "category_id": category_id,
            "score": score,
            "segmentation": {"size": [height, width], "counts": counts},
        }
        for image_id, category_id, score, height, width, counts in rows
    ]
