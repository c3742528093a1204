"""Finished trials, one JSON line each: what a search that was interrupted goes on from."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from longtail.problems import BadInputError

TRIALS = "trials.jsonl"


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A finished trial.

    Attributes:
        number: From 0, in the order in which trials finished.
        time: When, in seconds since 1970.
        seconds: Of CPU time that it took.
        point: Values by name of the space.
        result: Metrics as fractions, margins, and how it went.
    """

    number: int
    time: float
    seconds: float
    point: dict[str, Any]
    result: dict[str, Any]


class TrialJournal:
    """The trials of one search, in a file that only grows.

    Args:
        path: The file, there or not. A last line that was cut off is dropped.

    Raises:
        BadInputError: The file holds something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trials: list[Trial] = []
        lines = path.read_bytes().splitlines(keepends=True) if path.is_file() else []
        whole = [line for line in lines if line.endswith(b"\n")]
        try:
            for line in whole:
                self.trials.append(msgspec.json.decode(line, type=Trial))
        except msgspec.DecodeError as error:
            raise BadInputError(
                f"{path}: line {len(self.trials) + 1} is no trial ({error}); remove the file to "
                "start anew"
            ) from None
        if len(whole) < len(lines):
            path.write_bytes(b"".join(whole))

    def add(self, point: dict[str, Any], result: dict[str, Any], seconds: float) -> Trial:
        """Append a trial; it is on disk when this returns."""
        trial = Trial(len(self.trials), time.time(), seconds, point, result)
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(trial) + b"\n")
        self.trials.append(trial)
        return trial


def best_trial(trials: Sequence[Trial], metric: str) -> Trial:
    """The trial of highest metric, of equal ones the first; at least one trial."""
    return max(trials, key=lambda trial: (trial.result[metric], -trial.number))
