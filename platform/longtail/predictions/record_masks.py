"""The masks of decoded records: every legal way to write one becomes compressed RLE."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from longtail.predictions.json_records import Segmentation
from longtail.predictions.tally import RecordBatch
from longtail.rle.codec import decode_many, encode, pack, select
from longtail.rle.geometry import boxes
from longtail.rle.polygons import polygons_to_rle
from longtail.rle.validation import EMPTY, FAULT_TEXTS, OK, find_faults

# What stands for a mask that was rejected already.
NO_MASK = b""


def convert_masks(
    batch: RecordBatch, heights: NDArray[np.int64], widths: NDArray[np.int64], notes: Counter[str]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float64]]:
    """Check and convert the masks of a batch; records with an unusable one are rejected.

    Args:
        batch: D records.
        heights: (D,) rows of each record's image.
        widths: (D,) columns of each record's image.
        notes: Takes counts of masks by the way they were written.

    Returns:
        Flat compressed strings of D masks, empty without a mask; their (D + 1,) offsets; (D, 4)
        tight boxes x, y, width, height of the masks of sound records without a bbox.
    """
    sizes = zip(heights.tolist(), widths.tolist(), strict=True)
    strings = [_string_of(batch, row, size, notes) for row, size in enumerate(sizes)]
    buffer, offsets = pack(strings)
    has_mask = np.diff(offsets) > 0
    codes = np.where(has_mask, find_faults(buffer, offsets, heights, widths), OK)
    for code, what in FAULT_TEXTS.items():
        batch.reject(codes == code, "segmentation.counts", what)
    mask_boxes = np.zeros((len(strings), 4))
    no_box = np.array([record.bbox is None for record in batch.records], dtype=np.bool_)
    boxless = np.flatnonzero(batch.sound & no_box)
    runs, run_offsets = decode_many(*select(buffer, offsets, boxless))
    mask_boxes[boxless] = boxes(runs, run_offsets, heights[boxless])
    notes["masks"] += int(has_mask.sum())
    return buffer, offsets, mask_boxes


def _string_of(batch: RecordBatch, row: int, size: tuple[int, int], notes: Counter[str]) -> bytes:
    record = batch.records[row]
    segmentation = record.segmentation
    if isinstance(segmentation, Segmentation):
        if segmentation.size != size:
            return _reject_size(batch, row, segmentation.size, size)
        if isinstance(segmentation.counts, str):
            return _from_text(batch, row, segmentation.counts)
        notes["masks with uncompressed runs"] += 1
        return _from_runs(batch, row, segmentation.counts, size)
    if segmentation is not None:
        notes["masks given as polygons"] += 1
        return _from_polygons(batch, row, segmentation, size)
    if record.bbox is None:
        batch.reject_row(row, "record", "has neither segmentation nor bbox")
    return NO_MASK


def _from_text(batch: RecordBatch, row: int, counts: str) -> bytes:
    if not counts:
        batch.reject_row(row, "segmentation.counts", FAULT_TEXTS[EMPTY])
    # A character outside ASCII becomes a byte that no valid string holds.
    return counts.encode() if counts.isascii() else b"\xff"


def _from_runs(batch: RecordBatch, row: int, runs: list[int], size: tuple[int, int]) -> bytes:
    if not runs or min(runs) < 0 or sum(runs) != size[0] * size[1]:
        what = "the list of runs is negative somewhere, or does not cover height x width"
        batch.reject_row(row, "segmentation.counts", what)
        return NO_MASK
    return encode(np.array(runs, dtype=np.int64))


def _from_polygons(
    batch: RecordBatch, row: int, polygons: list[list[float]], size: tuple[int, int]
) -> bytes:
    try:
        return polygons_to_rle(polygons, *size)
    except ValueError as error:
        batch.reject_row(row, "segmentation", "the polygons are unusable", str(error))
        return NO_MASK


def _reject_size(
    batch: RecordBatch, row: int, claimed: tuple[int, int], size: tuple[int, int]
) -> bytes:
    is_swapped = claimed == size[::-1]
    what = "height and width are swapped" if is_swapped else "is not the size of the image"
    value = f"{list(claimed)} where the image has {list(size)}"
    batch.reject_row(row, "segmentation.size", what, value)
    return NO_MASK
