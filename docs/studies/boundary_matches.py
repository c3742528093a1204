"""What matching finds by the overlap of boundaries, detection by detection.

`longtail.evaluation.metrics.boundary` computes boundary AP of a whole set; intervals over images
need the matches themselves. The overlap is the smaller one of the IoU of two masks and that of
their boundaries, so that only pairs which overlap enough as masks have to be looked at again.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from longtail.cluster.nodes.plan import Plan, Row
from longtail.cluster.work.node_runner import predictions_of
from longtail.evaluation.annotations.ground_truth import GroundTruth, read_ground_truth
from longtail.evaluation.annotations.segmentation import compressed_counts
from longtail.evaluation.matching.match_store import kinds_of, match_store
from longtail.evaluation.metrics.boundary import BAND_WIDTH
from longtail.evaluation.metrics.matches.matched_set import MatchedSet
from longtail.evaluation.metrics.matches.table import MatchTable
from longtail.evaluation.protocol import IOU_THRESHOLDS
from longtail.predictions.store import PredictionStore
from longtail.rle.bitmaps import decode_bitmap

Mask = NDArray[np.bool_]


def boundary_matches_of(plan: Plan, runs: Path) -> Iterator[MatchTable]:
    """What matching finds of the boundaries of each row of a finished plan."""
    truth = read_ground_truth(plan.data.val, exhaustive=plan.data.exhaustive)
    for row in plan.rows:
        store = PredictionStore.open(predictions_of(runs, row))
        yield boundary_matches(truth, store, _max_dets(row))


def boundary_matches(truth: GroundTruth, store: PredictionStore, max_dets: int) -> MatchTable:
    """The matches of one set.

    Args:
        truth: The annotations, with masks.
        store: The predictions, with masks.
        max_dets: Best-scored detections that count per image.
    """
    whole = match_store(truth, store, kinds_of(truth))
    segm = whole.kinds["segm"]
    pairs = np.stack([segm.row[segm.overlap_detection], segm.overlap_instance], axis=1)
    bands = np.array(
        [
            boundary_iou(found, wanted)
            for found, wanted in zip(
                _detections(store, pairs[:, 0]), _instances(truth, pairs[:, 1]), strict=True
            )
        ]
    )
    overlaps = np.minimum(segm.overlap_iou, bands)
    high = overlaps >= IOU_THRESHOLDS[0]
    kept = replace(
        segm,
        overlap_detection=segm.overlap_detection[high],
        overlap_instance=segm.overlap_instance[high],
        overlap_iou=overlaps[high],
    )
    of_both = replace(whole, kinds={**whole.kinds, "segm": kept})
    return MatchedSet.of(truth, of_both, max_dets).tables["segm"]


def boundary_iou(a: Mask, b: Mask) -> float:
    """IoU of the boundaries of two (H, W) masks."""
    band_a, band_b = boundary(a), boundary(b)
    union = int((band_a | band_b).sum())
    return int((band_a & band_b).sum()) / union if union else 0.0


def boundary(mask: Mask) -> Mask:
    """The pixels of a mask within 2 % of the image's diagonal of its edge, at least one pixel.

    Distances are those of 3 x 3 erosions; the border of the image is an edge.
    """
    width = max(1, round(BAND_WIDTH * float(np.hypot(*mask.shape))))
    # Windows of (2 width + 1)^2 are that many erosions at once, and separable.
    inner: Mask = ndimage.minimum_filter(mask, size=2 * width + 1, mode="constant", cval=0)
    return mask & ~inner


def _detections(store: PredictionStore, rows: NDArray[np.int64]) -> Iterator[Mask]:
    columns = [store.read_block(block) for block in range(store.block_count)]
    starts = np.cumsum([0, *(len(of) for of in columns)])
    for row in rows.tolist():
        block = int(np.searchsorted(starts, row, side="right")) - 1
        of, i = columns[block], row - int(starts[block])
        yield decode_bitmap(of.rle(i), int(of.heights[i]), int(of.widths[i]))


def _instances(truth: GroundTruth, instances: NDArray[np.int64]) -> Iterator[Mask]:
    sizes = np.stack([truth.images.heights, truth.images.widths], axis=1).tolist()
    counts = [
        (text, *sizes[rank])
        for rank in range(len(truth.images))
        for text in compressed_counts(truth, rank)
    ]
    for instance in instances.tolist():
        yield decode_bitmap(*counts[instance])


def _max_dets(row: Row) -> int:
    return int(row.evaluation.config["max_dets"])
