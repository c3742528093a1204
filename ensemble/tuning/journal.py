"""Finished trials, one sealed JSON line each: what a search that was interrupted goes on from.

The margins of each trial, maybe thousands, have a file of their own, a line for a trial.
"""

import time
from pathlib import Path
from typing import Any

import msgspec

from ensemble.tuning.objective.margins import MarginTrials
from ensemble.tuning.objective.trial import MARGINS
from longtail.problems import BadInputError
from longtail.search.journal import TRIALS, append, reopen

MARGIN_TRIALS = "margins.jsonl"
NOUN, REMEDY = "trial", "remove the file to start anew"
NO_MARGINS: dict[str, Any] = {"rare": [], "common": [], "cell": [], "metrics": {}}


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finished trial.

    Attributes:
        number: From 0, in the order in which trials finished.
        time: When, in seconds since 1970.
        seconds: Of CPU time that it took.
        point: Values by name of the space.
        result: Metrics as fractions, the best margins, and how it went.
    """

    number: int
    time: float
    seconds: float
    point: dict[str, Any]
    result: dict[str, Any]


class TrialJournal:
    """The trials of one search, in two files that only grow.

    Args:
        folder: Has the files or not. A last line that was cut off is dropped, and so are margins
            whose trial is not there.

    Raises:
        BadInputError: A file holds something else.
    """

    def __init__(self, folder: Path) -> None:
        self._trials, self._margins = folder / TRIALS, folder / MARGIN_TRIALS
        self.trials = reopen(self._trials, Trial, NOUN, REMEDY)
        self.margins = reopen(self._margins, MarginTrials, NOUN, REMEDY, len(self.trials))
        if len(self.margins) < len(self.trials):
            raise BadInputError(
                f"{self._margins}: has the margins of {len(self.margins)} of {len(self.trials)} "
                f"trials; remove {self._trials} to start anew"
            )

    def add(self, point: dict[str, Any], result: dict[str, Any], seconds: float) -> Trial:
        """Append a trial; it is on disk when this returns."""
        tree = result.get(MARGINS, NO_MARGINS)
        margins = msgspec.convert(tree, MarginTrials)
        rest = {name: value for name, value in result.items() if name != MARGINS}
        trial = Trial(len(self.trials), time.time(), seconds, point, rest)
        # The trial last: it vouches for both.
        append(self._margins, margins)
        append(self._trials, trial)
        self.trials.append(trial)
        self.margins.append(margins)
        return trial
