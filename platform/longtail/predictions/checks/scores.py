"""Scores of a file: on which scale they are read, what is rounding and what is another scale."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.predictions.checks.tally import RecordBatch

ROUNDING = 1e-5
"""How far a share may miss 0 to 1: 84 units in the last place of a float32 at 1, which is what sums
and means of a few dozen rounded float32 shares reach, and no scale other than 0 to 1."""
CUT = "scores cut to 0 to 1, by less than a rounding error"
OUTSIDE = "scores outside 0 to 1"
BELOW = "is below 0"


@dataclass
class ScoreChecker:
    """Reads the scores of one file.

    Attributes:
        max_score: What counts as 1: scores are divided by it. None takes any finite number as it
            is, for readers that go by the order of scores only.
        notes: Counts of what is legal but worth telling.
        largest: The largest finite score so far, as the file has it.
        smallest: The smallest one.
    """

    max_score: float | None
    notes: Counter[str]
    largest: float = -np.inf
    smallest: float = np.inf

    def read(self, batch: RecordBatch) -> NDArray[np.float64]:
        """(D,) scores in [0, 1], or any finite ones; records of no such score are rejected.

        A score beyond the rounding error is a fault of the file: its scale is another one, and to
        leave out the records that show it would leave out the best ones.
        """
        score = batch.columns.score
        finite = np.isfinite(score)
        batch.reject(~finite, "score", "is not a finite number", score)
        self.largest = float(score.max(where=finite, initial=self.largest))
        self.smallest = float(score.min(where=finite, initial=self.smallest))
        if self.max_score is None:
            self.notes[OUTSIDE] += int((finite & ((score < 0) | (score > 1))).sum())
            return score
        share = score if self.max_score == 1 else score / self.max_score
        outside = finite & ((share < 0) | (share > 1))
        if not outside.any():
            return share
        over, below = finite & (share > 1 + ROUNDING), finite & (share < -ROUNDING)
        remedies = name_the_scale(self.largest), write_shares(self.smallest)
        batch.reject(over, "score", over_text(self.max_score), score, remedies[0], of_file=True)
        batch.reject(below, "score", BELOW, score, remedies[1], of_file=True)
        self.notes[CUT] += int((outside & ~over & ~below).sum())
        return np.where(outside, share.clip(0, 1), share)


def over_text(max_score: float) -> str:
    """What is wrong with a score over 1."""
    return "is over 1" if max_score == 1 else f"is over the max_score {max_score!r}"


def name_the_scale(largest: float) -> str:
    """What to do about scores over 1."""
    return (
        f"the largest is {largest!r}; name the score that means 1 on the model's scale (100 for "
        "percent), by which all are divided, the same for every file of the model: --pred "
        "NAME=PATH,max_score=SCORE or --max-score SCORE"
    )


def write_shares(smallest: float) -> str:
    """What to do about scores below 0."""
    return (
        f"the smallest is {smallest!r}; scores are shares from 0 to 1: put logits through a "
        "sigmoid or softmax, and write them again"
    )
