"""The masks of decoded records: every legal way to write one becomes compressed RLE."""

from collections import Counter
from typing import cast

import numpy as np
from numpy.typing import NDArray

from longtail.predictions.checks.tally import RecordBatch
from longtail.predictions.result_json.columns import COMPRESSED, NO_MASK, POLYGONS
from longtail.rle.codec import decode_many, encode, pack, select, unpack
from longtail.rle.geometry import boxes
from longtail.rle.polygons import polygons_to_rle
from longtail.rle.validation import EMPTY, FAULT_TEXTS, OK, find_faults

# What stands for a mask that was rejected already.
NO_STRING = b""


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
    columns = batch.columns
    counts, offsets = _strings_of(batch, np.stack([heights, widths], axis=1), notes)
    has_mask = np.diff(offsets) > 0
    codes = np.where(has_mask, find_faults(counts, offsets, heights, widths), OK)
    for code, what in FAULT_TEXTS.items():
        batch.reject(codes == code, "segmentation.counts", what)
    mask_boxes = np.zeros((len(columns), 4))
    boxless = np.flatnonzero(batch.sound & ~columns.has_box)
    if len(boxless):
        runs, run_offsets = decode_many(*select(counts, offsets, boxless))
        mask_boxes[boxless] = boxes(runs, run_offsets, heights[boxless])
    notes["masks"] += int(has_mask.sum())
    return counts, offsets, mask_boxes


def _strings_of(
    batch: RecordBatch, sizes: NDArray[np.int64], notes: Counter[str]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The compressed strings of all masks; what is not simply one is looked at row by row."""
    columns = batch.columns
    is_string = (columns.form == COMPRESSED) & (np.diff(columns.offsets) > 0)
    is_sound = is_string & (columns.sizes == sizes).all(axis=1)
    is_box = (columns.form == NO_MASK) & columns.has_box
    others = np.flatnonzero(~(is_sound | is_box)).tolist()
    if not others:
        return columns.counts, columns.offsets
    strings = unpack(columns.counts, columns.offsets)
    for row in others:
        strings[row] = _string_of(batch, row, (int(sizes[row, 0]), int(sizes[row, 1])), notes)
    return pack(strings)


def _string_of(batch: RecordBatch, row: int, size: tuple[int, int], notes: Counter[str]) -> bytes:
    """The string of a row that is no sound one yet, or `NO_STRING` if it cannot become one."""
    columns = batch.columns
    form = columns.form[row]
    if form == NO_MASK:
        batch.reject_row(row, "record", "has neither segmentation nor bbox")
        return NO_STRING
    if form == POLYGONS:
        notes["masks given as polygons"] += 1
        return _from_polygons(batch, row, size)
    claimed = (int(columns.sizes[row, 0]), int(columns.sizes[row, 1]))
    if claimed != size:
        return _reject_size(batch, row, claimed, size)
    if form == COMPRESSED:
        batch.reject_row(row, "segmentation.counts", FAULT_TEXTS[EMPTY])
        return NO_STRING
    notes["masks with uncompressed runs"] += 1
    return _from_runs(batch, row, size)


def _from_runs(batch: RecordBatch, row: int, size: tuple[int, int]) -> bytes:
    runs = cast(list[int], batch.columns.shapes[row])
    if not runs or min(runs) < 0 or sum(runs) != size[0] * size[1]:
        what = "the list of runs is negative somewhere, or does not cover height x width"
        batch.reject_row(row, "segmentation.counts", what)
        return NO_STRING
    return encode(np.array(runs, dtype=np.int64))


def _from_polygons(batch: RecordBatch, row: int, size: tuple[int, int]) -> bytes:
    polygons = cast(list[list[float]], batch.columns.shapes[row])
    try:
        return polygons_to_rle(polygons, *size)
    except ValueError as error:
        batch.reject_row(row, "segmentation", "the polygons are unusable", str(error))
        return NO_STRING


def _reject_size(
    batch: RecordBatch, row: int, claimed: tuple[int, int], size: tuple[int, int]
) -> bytes:
    is_swapped = claimed == size[::-1]
    what = "height and width are swapped" if is_swapped else "is not the size of the image"
    value = f"{list(claimed)} where the image has {list(size)}"
    batch.reject_row(row, "segmentation.size", what, value)
    return NO_STRING
