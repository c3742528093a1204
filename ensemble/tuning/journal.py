"""Finished trials, one sealed JSON line each: what a search that was interrupted goes on from.

The margins of each trial, maybe thousands, have a file of their own, a line for a trial.
"""

import time
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ensemble.tuning.objective.margins import MarginTrials
from ensemble.tuning.objective.trial import MARGINS
from longtail.journal import append_line, keep_lines, read_records
from longtail.problems import BadInputError

TRIALS, MARGIN_TRIALS = "trials.jsonl", "margins.jsonl"
REMEDY = "remove the file to start anew"
NO_MARGINS: dict[str, Any] = {"rare": [], "common": [], "cell": [], "metrics": {}}
Record = TypeVar("Record")


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
        self.trials = _read(self._trials, Trial)
        self.margins = _read(self._margins, MarginTrials, len(self.trials))
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
        for path, line in ((self._margins, margins), (self._trials, trial)):
            with path.open("ab") as file:
                append_line(file, msgspec.json.encode(line))
        self.trials.append(trial)
        self.margins.append(margins)
        return trial


def _read(path: Path, kind: type[Record], most: int | None = None) -> list[Record]:
    records: list[Record] = read_records(path, kind, "trial", REMEDY, most)
    keep_lines(path, len(records))
    return records
