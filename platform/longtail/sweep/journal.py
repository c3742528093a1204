"""What a sweep remembers: which trials it began, how they ended, and what they cost.

It is all that a rerun goes on from: Ray Tune's own records are not read again.
"""

import threading
from pathlib import Path
from typing import Any, cast

import msgspec

from longtail.journal import read_records
from longtail.sealed import read_sealed_json
from longtail.search.journal import TRIALS, append, reopen
from longtail.search.request_file import changed_since
from longtail.sweep.cost import Work
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial

REQUEST = "sweep.json"
REMEDY = "remove that line, or the folder to start anew"
REQUEST_REMEDY = "remove the folder (what its trials computed is kept in runs/nodes)"
NOUN = "event of a sweep"


class TrialStarted(msgspec.Struct, frozen=True, tag="begun", tag_field="event"):
    """A point was chosen."""

    number: int
    point: dict[str, Any]


class TrialEnded(msgspec.Struct, frozen=True, tag="ended", tag_field="event"):
    """A trial ended."""

    trial: Trial


class WorkDone(msgspec.Struct, frozen=True, tag="spent", tag_field="event"):
    """Work was done for one or several trials."""

    work: Work


Event = TrialStarted | TrialEnded | WorkDone
EVENT = cast(type[Event], Event)


def read_events(directory: Path) -> list[Event]:
    """The events in the journal of a sweep's folder, which may be growing.

    Raises:
        BadInputError: The file holds something else, or is damaged.
    """
    return read_records(directory / TRIALS, EVENT, NOUN, REMEDY)


class SweepJournal:
    """A file that only grows, one sealed JSON line an event; used from several threads.

    Args:
        directory: The sweep's folder. A last line that was cut off is dropped.

    Raises:
        BadInputError: The file holds something else.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / TRIALS
        self._lock = threading.Lock()
        self.started: dict[int, dict[str, Any]] = {}
        self.ended: dict[int, Trial] = {}
        self.work: list[Work] = []
        for event in reopen(self._path, EVENT, NOUN, REMEDY):
            self._take(event)

    @property
    def trials(self) -> list[Trial]:
        """Those that ended, by number."""
        return [self.ended[number] for number in sorted(self.ended)]

    def reopen_failed(self) -> None:
        """Let trials that failed be tried again, as a grid does with its nodes."""
        failed = [number for number, trial in self.ended.items() if trial.state == "failed"]
        for number in failed:
            del self.ended[number]

    def unfinished(self) -> dict[int, dict[str, Any]]:
        """Points of trials that began and did not end, by number."""
        return {n: point for n, point in sorted(self.started.items()) if n not in self.ended}

    def add(self, event: Event) -> None:
        """Append an event; it is in the file when this returns."""
        with self._lock:
            append(self._path, event)
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case TrialStarted(number, point):
                self.started[number] = point
            case TrialEnded(trial):
                self.ended[trial.number] = trial
            case WorkDone(work):
                self.work.append(work)


def open_journal(directory: Path, sweep: Sweep) -> SweepJournal:
    """The journal of a sweep; the folder is made, or found to be of this sweep.

    Raises:
        ValueError: The folder holds another sweep.
        BadInputError: A file in it is damaged.
    """
    directory.mkdir(parents=True, exist_ok=True)
    changed = changed_since(directory / REQUEST, describe(sweep), REQUEST_REMEDY)
    if "id" in changed:
        others = ", ".join(key for key in changed if key != "id")
        raise ValueError(
            f"{directory} holds a sweep with other {others}; give another --name, or"
            " remove that folder (what its trials computed is kept in runs/nodes)"
        )
    return SweepJournal(directory)


def read_request(directory: Path) -> dict[str, Any]:
    """What the sweep of a folder was asked for.

    Raises:
        FileNotFoundError: No sweep began there.
        DamagedError: The file is not what was written.
    """
    return read_sealed_json(directory / REQUEST, REQUEST_REMEDY)


def describe(sweep: Sweep) -> dict[str, Any]:
    """What is asked for, as a JSON tree."""
    return {"id": sweep.id, **sweep.identity()}
