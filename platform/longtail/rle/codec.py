"""COCO's compressed run-length strings and the runs they stand for.

A mask of H x W pixels is walked down its columns, left to right; runs alternate between
background and foreground and start with background, with a run of 0 where the first pixel is not.
Run i > 2 is stored as its difference to run i - 2. Each number is cut into 5-bit digits, lowest
first; bit 5 says that another digit follows, the top bit of the last digit is the sign, and 48 is
added to make it printable (`rleToString` of the COCO API).

Many masks travel together: M masks lie in one flat array, mask m from `offsets[m]` to
`offsets[m + 1]`. All kernels trust their input; `validation` is for strings from outside.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

# A signed difference of two runs of less than 2**31 pixels needs 33 bits: 7 digits of 5 bits.
MAX_DIGITS = 7


def decode(counts: bytes) -> NDArray[np.int64]:
    """The runs of one valid string, (R,) int64 pixels each."""
    buffer, offsets = pack([counts])
    return decode_many(buffer, offsets)[0]


def encode(runs: NDArray[np.int64]) -> bytes:
    """The string of one mask's (R,) int64 runs."""
    offsets = np.array([0, len(runs)], dtype=np.int64)
    return encode_many(runs, offsets)[0].tobytes()


def pack(strings: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Lay M strings end to end: a flat uint8 buffer and its (M + 1,) offsets."""
    lengths = np.fromiter(map(len, strings), dtype=np.int64, count=len(strings))
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    # Writable, as other buffers are, so that numba compiles for one kind.
    return np.frombuffer(bytearray().join(strings), dtype=np.uint8), offsets


def unpack(buffer: NDArray[np.uint8], offsets: NDArray[np.int64]) -> list[bytes]:
    """Cut a flat buffer into its M strings."""
    data = buffer.tobytes()
    return [data[start:end] for start, end in pairwise(offsets.tolist())]


@njit(cache=True, nogil=True)
def select(
    buffer: NDArray[np.uint8], offsets: NDArray[np.int64], index: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The strings that `index` (S,) names, in its order: a flat buffer and its offsets."""
    selected_offsets = np.zeros(len(index) + 1, dtype=np.int64)
    for i in range(len(index)):
        length = offsets[index[i] + 1] - offsets[index[i]]
        selected_offsets[i + 1] = selected_offsets[i] + length
    selected = np.empty(selected_offsets[-1], dtype=np.uint8)
    for i in range(len(index)):
        start = offsets[index[i]]
        for place in range(selected_offsets[i + 1] - selected_offsets[i]):
            selected[selected_offsets[i] + place] = buffer[start + place]
    return selected, selected_offsets


@njit(cache=True, nogil=True)
def decode_many(
    buffer: NDArray[np.uint8], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The runs of M valid strings: flat (R,) int64 runs and their (M + 1,) offsets."""
    num_masks = len(offsets) - 1
    # A run takes at least one character.
    runs = np.empty(offsets[num_masks] - offsets[0], dtype=np.int64)
    run_offsets = np.zeros(num_masks + 1, dtype=np.int64)
    total = np.int64(0)
    for mask in range(num_masks):
        total = decode_into(buffer, offsets[mask], offsets[mask + 1], runs, total)
        run_offsets[mask + 1] = total
    return runs[:total], run_offsets


@njit(cache=True, nogil=True)
def encode_many(
    runs: NDArray[np.int64], run_offsets: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The strings of M masks' runs: a flat uint8 buffer and its (M + 1,) offsets."""
    num_masks = len(run_offsets) - 1
    buffer = np.empty(MAX_DIGITS * len(runs), dtype=np.uint8)
    offsets = np.zeros(num_masks + 1, dtype=np.int64)
    end = np.int64(0)
    for mask in range(num_masks):
        first, last = run_offsets[mask], run_offsets[mask + 1]
        end = encode_into(runs[first:last], last - first, buffer, end)
        offsets[mask + 1] = end
    return buffer[:end].copy(), offsets


@njit(nogil=True)
def decode_into(
    buffer: NDArray[np.uint8], start: int, end: int, runs: NDArray[np.int64], first: np.int64
) -> np.int64:
    """Decode `buffer[start:end]` to `runs[first:]`; return the index after the last run."""
    num_runs = 0
    position = start
    while position < end:
        value, position = read_number(buffer, position, end)
        if num_runs > 2:
            value += runs[first + num_runs - 2]
        runs[first + num_runs] = value
        num_runs += 1
    return first + num_runs


@njit(nogil=True)
def encode_into(
    runs: NDArray[np.int64], num_runs: int, buffer: NDArray[np.uint8], end: np.int64
) -> np.int64:
    """Write the first `num_runs` runs at `buffer[end:]`; return the index after the string."""
    for i in range(num_runs):
        value = runs[i] - runs[i - 2] if i > 2 else runs[i]
        more = True
        while more:
            digit = value & 0x1F
            value >>= 5
            # The number ends where the rest is only its sign.
            more = value != -1 if digit & 0x10 else value != 0
            buffer[end] = (digit | 0x20 if more else digit) + 48
            end += 1
    return end


@njit(nogil=True)
def read_number(buffer: NDArray[np.uint8], position: int, end: int) -> tuple[np.int64, int]:
    """The signed number at `position` and the index after it; -1 for a malformed one."""
    value = np.int64(0)
    shift = 0
    while position < end and shift < 5 * MAX_DIGITS:
        digit = np.int64(buffer[position]) - 48
        if digit < 0 or digit > 63:
            return value, -1
        position += 1
        value |= (digit & 0x1F) << shift
        shift += 5
        if not digit & 0x20:
            if digit & 0x10:
                value |= np.int64(-1) << shift
            return value, position
    return value, -1
