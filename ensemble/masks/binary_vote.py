"""The vote of binary masks, from run-length strings to run-length strings.

No bitmap is made. A member adds its votes where a run of foreground begins and takes them back
where it ends, in an array over the pixels of the frame, column after column; the marks say where
that array is not blank. Walking the marks in order gives the sum of votes between two of them,
hence the runs of the result.
"""

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from ensemble.masks.vote_weights import VoteWeights
from longtail.predictions.columns import DetectionColumns
from longtail.rle.codec import MAX_DIGITS, encode_into
from longtail.rle.fast_reader import read_number


def vote_by_runs(
    columns: DetectionColumns, vote_weights: VoteWeights
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The voted masks of S clusters: a flat buffer of strings and its (S + 1,) offsets.

    Args:
        columns: The detections, with valid masks.
        vote_weights: Who has how many votes.
    """
    num_pixels = columns.heights[vote_weights.first] * columns.widths[vote_weights.first]
    lengths = np.diff(columns.counts_offsets)[vote_weights.members]
    voted, offsets = _vote(
        columns.counts,
        columns.counts_offsets,
        lengths,
        vote_weights.members,
        vote_weights.starts,
        vote_weights.votes,
        np.maximum(np.ceil(vote_weights.thresholds), 1).astype(np.int64),
        num_pixels,
        # Pages of these arrays that no member touches are never made.
        np.zeros(num_pixels.max(initial=0) + 1, np.int32),
        np.zeros((num_pixels.max(initial=0) >> 6) + 1, np.uint64),
        np.empty(max(int(lengths.sum()) // 8, 1024), np.uint8),
    )
    return voted.copy(), offsets


@intrinsic
def _lowest_bit(typing_context: Any, word: Any) -> Any:
    """The place of the lowest set bit of a uint64 other than 0, as one instruction."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], context.get_constant(types.boolean, True))

    return types.int64(types.uint64), generate


@njit(cache=True, nogil=True)
def _vote(
    counts: NDArray[np.uint8],
    counts_offsets: NDArray[np.int64],
    lengths: NDArray[np.int64],
    members: NDArray[np.int64],
    starts: NDArray[np.int64],
    votes: NDArray[np.int64],
    needed: NDArray[np.int64],
    num_pixels: NDArray[np.int64],
    changes: NDArray[np.int32],
    marks: NDArray[np.uint64],
    result: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Strings of all clusters; `changes` and `marks` are blank before and after.

    `result` takes the strings as long as it is large enough.
    """
    offsets = np.zeros(len(needed) + 1, np.int64)
    end = np.int64(0)
    for cluster in range(len(needed)):
        first, last = np.int64(len(marks)), np.int64(0)
        num_bytes = 0
        for i in range(starts[cluster], starts[cluster + 1]):
            row = members[i]
            low, high = _add_member(
                counts, counts_offsets[row], counts_offsets[row + 1], votes[i], changes, marks
            )
            first = min(first, low)
            last = max(last, high)
            num_bytes += lengths[i]
        # Every run begins where a member's does, and a member's run takes a byte or more.
        runs = np.empty(num_bytes + 2, np.int64)
        num_runs = _walk(changes, marks, first, last, needed[cluster], num_pixels[cluster], runs)
        if len(result) < end + MAX_DIGITS * num_runs:
            larger = np.empty(2 * (end + MAX_DIGITS * num_runs), np.uint8)
            for i in range(end):
                larger[i] = result[i]
            result = larger
        end = encode_into(runs, num_runs, result, end)
        offsets[cluster + 1] = end
    return result[:end], offsets


@njit(nogil=True)
def _add_member(
    counts: NDArray[np.uint8],
    position: np.int64,
    end: np.int64,
    votes: int,
    changes: NDArray[np.int32],
    marks: NDArray[np.uint64],
) -> tuple[np.int64, np.int64]:
    """Note where a mask begins and ends; return the first and last word of `marks` it needs."""
    if position == end:
        return np.int64(len(marks)), np.int64(0)
    pixel, position = read_number(counts, position)
    first = last = pixel >> 6
    before_last = last_run = np.int64(0)
    while position < end:
        # Runs of foreground and background begin here in turn.
        last = pixel >> 6
        _change(pixel, votes, changes, marks)
        votes = -votes
        number, position = read_number(counts, position)
        before_last, last_run = last_run, before_last + number
        pixel += last_run
    if votes < 0:
        # The last run is foreground, up to the end of the frame.
        last = pixel >> 6
        _change(pixel, votes, changes, marks)
    return first, last


@njit(nogil=True)
def _change(
    pixel: np.int64, votes: int, changes: NDArray[np.int32], marks: NDArray[np.uint64]
) -> None:
    changes[pixel] += votes
    marks[pixel >> 6] |= np.uint64(1) << np.uint64(pixel & 63)


@njit(nogil=True)
def _walk(
    changes: NDArray[np.int32],
    marks: NDArray[np.uint64],
    first: np.int64,
    last: np.int64,
    needed: int,
    num_pixels: int,
    runs: NDArray[np.int64],
) -> int:
    """Write the runs between two words, blank what was noted, return the number of runs."""
    num_runs = run_start = votes = 0
    is_inside = False
    for word in range(first, last + 1):
        bits = marks[word]
        marks[word] = 0
        while bits != 0:
            pixel = (word << 6) + _lowest_bit(bits)  # type: ignore[call-arg]
            bits &= bits - np.uint64(1)
            votes += changes[pixel]
            changes[pixel] = 0
            if (votes >= needed) != is_inside:
                runs[num_runs] = pixel - run_start
                run_start = pixel
                num_runs += 1
                is_inside = not is_inside
    if run_start < num_pixels:
        runs[num_runs] = num_pixels - run_start
        num_runs += 1
    return num_runs
