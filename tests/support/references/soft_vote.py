"""Reference implementation of the vote of soft masks, in bitmaps of the frame."""

import numpy as np
from numpy.typing import NDArray

from ensemble.masks.vote_weights import VoteWeights
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.soft_masks import FULL
from longtail.rle.bitmaps import decode_bitmap, encode_bitmap


def vote_by_grids_reference(
    columns: DetectionColumns, vote_weights: VoteWeights, cluster: int
) -> bytes:
    """The mask of one cluster: all pixels whose mean probability is at least the threshold."""
    mean = mean_probability(columns, vote_weights, cluster)
    return encode_bitmap(mean >= threshold_of(vote_weights, cluster))


def threshold_of(vote_weights: VoteWeights, cluster: int) -> float:
    """The threshold of one cluster as a probability."""
    votes = vote_weights.votes[vote_weights.starts[cluster] : vote_weights.starts[cluster + 1]]
    return float(vote_weights.thresholds[cluster] / votes.sum())


def mean_probability(
    columns: DetectionColumns, vote_weights: VoteWeights, cluster: int
) -> NDArray[np.float64]:
    """(H, W) mean of the members' probabilities, weighted by their votes."""
    assert columns.soft is not None
    first = vote_weights.first[cluster]
    height, width = int(columns.heights[first]), int(columns.widths[first])
    total, num_votes = np.zeros((height, width)), 0
    for place in range(vote_weights.starts[cluster], vote_weights.starts[cluster + 1]):
        row, votes = int(vote_weights.members[place]), int(vote_weights.votes[place])
        num_votes += votes
        if columns.soft.sides[row] == 0:
            total += votes * decode_bitmap(columns.rle(row), height, width)
            continue
        grid = columns.soft.grid(row) / FULL
        x, y, box_width, box_height = columns.boxes[row].tolist()
        from_columns = _resampling(x, x + box_width, width, len(grid))
        from_rows = _resampling(y, y + box_height, height, len(grid))
        total += votes * (from_rows @ grid @ from_columns.T)
    return total / num_votes


def _resampling(low: float, high: float, limit: int, cells: int) -> NDArray[np.float64]:
    """(limit, cells) share of each cell in each pixel along an axis."""
    pixels = np.arange(limit)
    position = (pixels + 0.5 - low) / (high - low) * cells - 0.5
    shares = np.maximum(1 - np.abs(position[:, None] - np.arange(cells)), 0)
    touched = (pixels >= np.floor(low)) & (pixels < np.ceil(high))
    return np.where(touched[:, None], shares, 0)
