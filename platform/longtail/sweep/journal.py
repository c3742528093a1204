"""What a sweep remembers: which trials it began, how they ended, and what they cost.

It is all that a rerun goes on from: Ray Tune's own records are not read again.
"""

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from longtail.cluster.ledger import write_json
from longtail.problems import BadInputError
from longtail.sweep.cost import Work
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial

TRIALS = "trials.jsonl"
REQUEST = "sweep.json"


class Begun(msgspec.Struct, frozen=True, tag="begun", tag_field="event"):
    """A point was chosen."""

    number: int
    point: dict[str, Any]


class Ended(msgspec.Struct, frozen=True, tag="ended", tag_field="event"):
    """A trial ended."""

    trial: Trial


class Spent(msgspec.Struct, frozen=True, tag="spent", tag_field="event"):
    """Work was done for one or several trials."""

    work: Work


class SweepJournal:
    """A file that only grows, one JSON line an event; used from several threads.

    Args:
        directory: The sweep's folder. A last line that was cut off is dropped.

    Raises:
        BadInputError: The file holds something else.
    """

    def __init__(self, directory: Path) -> None:
        self._path = directory / TRIALS
        self._lock = threading.Lock()
        self.begun: dict[int, dict[str, Any]] = {}
        self.ended: dict[int, Trial] = {}
        self.work: list[Work] = []
        content = self._path.read_bytes() if self._path.is_file() else b""
        whole = content[: content.rfind(b"\n") + 1]
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                self._take(msgspec.json.decode(line, type=Begun | Ended | Spent))
            except msgspec.DecodeError as error:
                raise BadInputError(
                    f"{self._path}: line {number} is no event of a sweep ({error}); remove that"
                    " line, or the folder to start anew"
                ) from None
        if len(whole) < len(content):
            self._path.write_bytes(whole)

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
        return {n: point for n, point in sorted(self.begun.items()) if n not in self.ended}

    def add(self, event: Begun | Ended | Spent) -> None:
        """Append an event; it is in the file when this returns."""
        with self._lock:
            with self._path.open("ab") as file:
                file.write(msgspec.json.encode(event) + b"\n")
            self._take(event)

    def _take(self, event: Begun | Ended | Spent) -> None:
        match event:
            case Begun(number, point):
                self.begun[number] = point
            case Ended(trial):
                self.ended[trial.number] = trial
            case Spent(work):
                self.work.append(work)


def open_journal(directory: Path, sweep: Sweep) -> SweepJournal:
    """The journal of a sweep; the folder is made, or found to be of this sweep.

    Raises:
        ValueError: The folder holds another sweep.
        BadInputError: A file in it is damaged.
    """
    directory.mkdir(parents=True, exist_ok=True)
    described, path = describe(sweep), directory / REQUEST
    if not path.is_file():
        write_json(path, described)
        return SweepJournal(directory)
    try:
        before: Mapping[str, Any] = json.loads(path.read_bytes())
        same = before["id"] == sweep.id
    except (ValueError, KeyError, TypeError):
        raise BadInputError(f"{path}: not the request of a sweep; remove the folder") from None
    if not same:
        changed = [key for key in described if key != "id" and before.get(key) != described[key]]
        raise ValueError(
            f"{directory} holds a sweep with other {', '.join(changed)}; give another --name, or"
            " remove that folder (what its trials computed is kept in runs/nodes)"
        )
    return SweepJournal(directory)


def describe(sweep: Sweep) -> dict[str, Any]:
    """What is asked for, as a JSON tree."""
    return {"id": sweep.id, **sweep.identity()}
