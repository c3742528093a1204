"""Scores of every source through its calibration, before anything compares them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration_file import Calibration
from ensemble.sources import Block


def calibrate_block(
    block: Block, calibration: Calibration, names: Sequence[str], groups: NDArray[np.int64]
) -> Block:
    """The block with calibrated scores.

    A mask's own score is multiplied as the score of its detection is: what a mask-scoring head
    says of the mask is a factor (its score over that of the box), and stays one.

    Args:
        block: D detections.
        calibration: Fitted to every source.
        names: M names of the sources.
        groups: (D,) index into `FREQUENCY_GROUPS`.

    Raises:
        ValueError: A source was not fitted.
    """
    columns = block.columns
    scores = np.empty(len(block))
    bounds = np.searchsorted(block.sources, np.arange(len(names) + 1))
    for name, start, end in zip(names, bounds[:-1], bounds[1:], strict=True):
        scores[start:end] = calibration.apply(name, columns.score[start:end], groups[start:end])
    factors = mask_factors(columns.score, columns.score_mask)
    columns = replace(columns, score=scores, score_mask=np.minimum(scores * factors, 1.0))
    return replace(block, columns=columns)


def mask_factors(
    score: NDArray[np.float64], score_mask: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(D,) score of the mask over that of the box; 1 where that is 0."""
    positive = score > 0
    factors: NDArray[np.float64] = np.where(positive, score_mask, 1) / np.where(positive, score, 1)
    return factors
