"""Bitmaps to run-length strings and back; a crop is encoded without its full frame."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from longtail.rle.codec import decode, encode
from longtail.rle.validation import find_fault


def encode_bitmap(bitmap: NDArray[np.bool_]) -> bytes:
    """The compressed string of a (H, W) mask; any non-zero pixel is foreground."""
    height, width = bitmap.shape
    return encode_crop(bitmap, 0, 0, height, width)


def encode_crop(crop: NDArray[np.bool_], x: int, y: int, height: int, width: int) -> bytes:
    """The string of a mask that is background outside a crop.

    Args:
        crop: (h, w), the mask inside the crop; any non-zero pixel is foreground.
        x: Column of the frame where the crop starts.
        y: Row of the frame where the crop starts.
        height: Rows of the frame.
        width: Columns of the frame.

    Raises:
        ValueError: The crop does not lie inside the frame.
    """
    crop_height, crop_width = crop.shape
    if not (0 <= x <= width - crop_width and 0 <= y <= height - crop_height):
        raise ValueError(
            f"a crop of {crop_width} x {crop_height} at ({x}, {y}) leaves the frame of "
            f"{width} x {height}; clip it first"
        )
    # Runs follow columns: one transposed copy makes every later step sequential.
    columns = np.ascontiguousarray(crop.T != 0)
    return encode(_runs_of_columns(columns, x, y, height, width))


def decode_bitmap(counts: bytes, height: int, width: int) -> NDArray[np.bool_]:
    """The (H, W) mask of a string; compare H and W with the image's size first.

    Raises:
        ValueError: The string is not a mask of this size.
    """
    if fault := find_fault(counts, height, width):
        raise ValueError(f"run-length mask of {width} x {height}: {fault}")
    runs = decode(counts)
    pixels = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.ascontiguousarray(pixels.reshape(width, height).T)


@njit(cache=True, nogil=True)
def _runs_of_columns(
    columns: NDArray[np.bool_], x: int, y: int, height: int, width: int
) -> NDArray[np.int64]:
    """Runs of the full frame of a (w, h) transposed crop."""
    crop_width, crop_height = columns.shape
    # A column changes before each of its pixels at most, and after its last.
    runs = np.empty(crop_width * (crop_height + 1) + 1, dtype=np.int64)
    num_runs = 0
    run_start = 0
    inside = False
    for i in range(crop_width):
        position = (x + i) * height + y
        for j in range(crop_height):
            if columns[i, j] != inside:
                runs[num_runs] = position + j - run_start
                run_start = position + j
                num_runs += 1
                inside = not inside
        # Below the crop, and right of it, lies background.
        end = position + crop_height
        is_followed = crop_height < height or i == crop_width - 1
        if inside and is_followed and end < height * width:
            runs[num_runs] = end - run_start
            run_start = end
            num_runs += 1
            inside = False
    if run_start < height * width:
        runs[num_runs] = height * width - run_start
        num_runs += 1
    return runs[:num_runs].copy()
