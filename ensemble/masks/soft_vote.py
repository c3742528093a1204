"""The vote of soft masks: probabilities averaged pixel by pixel, cut, and written as runs.

S clusters. A grid is resampled over its box bilinearly and is 0 outside it, as
`longtail.models.detections.paste` pastes masks at inference; only pixels that the box touches can
be set. A member without a grid counts 1 in its mask and 0 elsewhere.

Sums are whole numbers, so that the order of members does not matter and ties are ties: votes add up
to about 2**22, and a probability is rounded to a multiple of 2**-22 / 255, so that float64 holds
every sum. The frame is worked through in strips of columns; no bitmap of it is made.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ensemble.masks.edges import add_edges, read_edges
from ensemble.masks.paste import ONE, Members, add_grid, touched
from ensemble.masks.vote_weights import VoteWeights
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import MAX_SIDE
from longtail.rle.codec import MAX_DIGITS, encode_into

SOFT_VOTE_BITS = 22
STRIP = 128
"""Columns of pixels that are summed at a time."""


def vote_by_grids(
    columns: DetectionColumns, vote_weights: VoteWeights
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The voted masks of S clusters: a flat buffer of strings and its (S + 1,) offsets.

    Args:
        columns: The detections, with valid masks and with grids.
        vote_weights: Who has how many votes; those of a cluster add up to 2**22.
    """
    assert columns.soft is not None
    soft = columns.soft
    return _vote(
        Members(
            columns.counts,
            columns.counts_offsets,
            soft.cells,
            soft.offsets,
            soft.sides,
            columns.boxes,
        ),
        vote_weights.members,
        vote_weights.starts,
        vote_weights.votes,
        np.maximum(np.ceil(vote_weights.thresholds * ONE), 1),
        columns.heights[vote_weights.first],
        columns.widths[vote_weights.first],
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _vote(
    of: Members,
    members: NDArray[np.int64],
    starts: NDArray[np.int64],
    votes: NDArray[np.int64],
    needed: NDArray[np.float64],
    heights: NDArray[np.int64],
    widths: NDArray[np.int64],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    offsets = np.zeros(len(needed) + 1, np.int64)
    result = np.empty(1024, np.uint8)
    end = np.int64(0)
    for cluster in range(len(needed)):
        mine = slice(starts[cluster], starts[cluster + 1])
        runs, num_runs = _vote_one(
            of, members[mine], votes[mine], needed[cluster], heights[cluster], widths[cluster]
        )
        if len(result) < end + MAX_DIGITS * num_runs:
            larger = np.empty(2 * (end + MAX_DIGITS * num_runs), np.uint8)
            for i in range(end):
                larger[i] = result[i]
            result = larger
        end = encode_into(runs, num_runs, result, end)
        offsets[cluster + 1] = end
    return result[:end].copy(), offsets


@njit(nogil=True, error_model="numpy")
def _vote_one(
    of: Members,
    rows: NDArray[np.int64],
    votes: NDArray[np.int64],
    needed: float,
    height: int,
    width: int,
) -> tuple[NDArray[np.int64], int]:
    """The runs of one cluster's mask, and how many they are."""
    windows, edges, places = _find_windows(of, rows, height, width)
    left, top = windows[:, 0].min(), int(windows[:, 1].min())
    right, bottom = windows[:, 2].max(), windows[:, 3].max()
    lines = max(bottom - top, 0)
    sums = np.zeros((STRIP, lines))
    shares = np.empty((MAX_SIDE + 2, lines))
    runs = np.empty(1024, np.int64)
    num_runs = run_start = 0
    is_inside = False
    for start in range(left, right, STRIP):
        stop = min(start + STRIP, right)
        for i in range(len(rows)):
            if windows[i, 0] >= stop or windows[i, 2] <= start:
                continue
            if of.sides[rows[i]] > 0:
                add_grid(of, rows[i], votes[i], windows[i], start, stop, top, sums, shares)
            else:
                gain = votes[i] * ONE
                places[i, 0] = add_edges(edges, places[i], start, stop, height, top, gain, sums)
        if num_runs + (stop - start) * (lines + 1) + 2 > len(runs):
            more = np.empty(2 * len(runs) + (stop - start) * (lines + 1) + 2, np.int64)
            for run in range(num_runs):
                more[run] = runs[run]
            runs = more
        for column in range(start, stop):
            line_sums = sums[column - start]
            pixel = column * height + top
            for y in range(lines):
                if (line_sums[y] >= needed) != is_inside:
                    runs[num_runs] = pixel + y - run_start
                    run_start = pixel + y
                    num_runs += 1
                    is_inside = not is_inside
                line_sums[y] = 0.0
            # Around the window lies background.
            is_followed = lines < height or column == right - 1
            if is_inside and is_followed and pixel + lines < height * width:
                runs[num_runs] = pixel + lines - run_start
                run_start = pixel + lines
                num_runs += 1
                is_inside = False
    if run_start < height * width:
        runs[num_runs] = height * width - run_start
        num_runs += 1
    return runs, num_runs


@njit(nogil=True, error_model="numpy")
def _find_windows(
    of: Members, rows: NDArray[np.int64], height: int, width: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Left, top, right, bottom of each member; edges of the masks of those without a grid."""
    windows = np.empty((len(rows), 4), np.int64)
    places = np.zeros((len(rows), 2), np.int64)
    num_bytes = np.int64(0)
    for row in rows:
        if of.sides[row] == 0:
            num_bytes += of.counts_offsets[row + 1] - of.counts_offsets[row]
    edges = np.empty(num_bytes + 1, np.int64)
    num_edges = np.int64(0)
    for i in range(len(rows)):
        row = rows[i]
        if of.sides[row] > 0:
            touched(of.boxes[row], width, height, windows[i])
            continue
        counts = of.counts[of.counts_offsets[row] : of.counts_offsets[row + 1]]
        places[i, 0] = num_edges
        num_edges = read_edges(counts, height, edges, num_edges, windows[i])
        places[i, 1] = num_edges
    return windows, edges, places
