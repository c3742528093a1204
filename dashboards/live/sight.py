"""A grid or sweep at one moment."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dashboards.live.sweep import TrialCounts, TrialsWatch
from dashboards.live.tail import Tail
from dashboards.live.training import TrainingState, TrainingWatch
from dashboards.live.watched import NODES, Watched
from dashboards.live.work import Planned, Work, WorkReader, state_on_storage
from longtail.cluster.nodes.ledger import RESULT
from longtail.search.journal import TRIALS
from longtail.training.journal import JOURNAL

STATES = ("failed", "running", "paused", "stopped", "interrupted", "waiting", "blocked", "done")
"""In the order in which they are shown."""
FRESH_SECONDS = 120.0
"""Without a plan a training runs if its journal grew so lately."""
SILENT_SECONDS = 120.0
"""A driver that gave no sign for so long may be gone."""
AGAIN = "its command to run again"
"""What a node waits for whose command ended."""


@dataclass(frozen=True)
class NodeSight:
    """Attributes:
    node: What it is.
    state: One of `STATES`.
    training: How far, of one that began to train.
    waits_for: Titles of what it needs and is not done.
    ap: Mask AP of a finished evaluation, as a fraction, -1 where undefined; None where not known.
    silent: Seconds since its journal grew, of one that runs.
    """

    node: Planned
    state: str
    training: TrainingState | None = None
    waits_for: tuple[str, ...] = ()
    ap: float | None = None
    silent: float | None = None


@dataclass(frozen=True)
class Sight:
    """Attributes:
    watched: What is watched.
    nodes: In the order of the plan.
    facts: Of the plan, see `Work`.
    now: Unix seconds.
    trials: Of a sweep.
    problems: A sentence each.
    """

    watched: Watched
    nodes: tuple[NodeSight, ...]
    facts: Mapping[str, Any]
    now: float
    trials: TrialCounts | None = None
    problems: tuple[str, ...] = field(default=())

    @property
    def ordered(self) -> list[NodeSight]:
        """What needs a look first, then what runs, and what waits for its turn before what waits
        for others; what is done last, rows by falling AP."""

        def key(item: NodeSight) -> tuple[int, float]:
            if item.state != "done":
                return STATES.index(item.state), float(len(item.waits_for))
            is_row = item.node.kind == "evaluation"
            return STATES.index(item.state), (1.0 if item.ap is None else -item.ap) + 2 * (
                not is_row
            )

        return sorted(self.nodes, key=key)

    def of(self, *states: str) -> list[NodeSight]:
        """Those nodes that stand so."""
        return [item for item in self.nodes if item.state in states]

    @property
    def counts(self) -> dict[str, int]:
        """Number of nodes by state, of states that there are."""
        numbers = {state: len(self.of(state)) for state in STATES}
        return {state: number for state, number in numbers.items() if number}

    @property
    def is_over(self) -> bool:
        """Nothing more is to come, from what is known."""
        if self.facts.get("ended") is not None:
            return True
        # A sweep goes on to choose trials.
        return set(self.counts) == {"done"} and not (self.facts and self.trials is not None)


class Watcher:
    """Looks again and again, and reads only what is new.

    Args:
        watched: What is watched.
    """

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._work = WorkReader(watched)
        self._trainings: dict[str, TrainingWatch] = {}
        self._finished: dict[str, float | None] = {}
        self._trials = TrialsWatch(Tail(watched.folder / TRIALS))

    def look(self, now: float) -> Sight:
        """As it stands.

        Args:
            now: Unix seconds.
        """
        work = self._work.read()
        gone = _driver_is_gone(work)
        trials = self._trials.counts() if self._watched.kind == "sweep" else None
        ended = {} if trials is None else trials.trainings
        states = {node.id: self._state(node, work, gone, ended) for node in work.nodes}
        titles = {node.id: node.title for node in work.nodes}
        nodes = tuple(self._sight(node, states, titles, work, gone, now) for node in work.nodes)
        problems = [*work.problems, *_of_driver(work, gone, now)]
        for item in nodes:
            if item.training is not None and item.training.damaged:
                where = self._watched.runs / NODES / item.node.id / JOURNAL
                problems.append(_damaged(where, item.training.damaged))
        if trials is not None and trials.damaged:
            problems.append(_damaged(self._watched.folder / TRIALS, trials.damaged))
        return Sight(self._watched, nodes, work.facts, now, trials, tuple(problems))

    def _state(self, node: Planned, work: Work, gone: bool, ended: Mapping[str, str]) -> str:
        """What storage says holds: a driver that is gone says nothing more."""
        if node.id in self._finished:
            return "done"
        found = state_on_storage(self._folder(node))
        if found == "done" or node.state == "done":
            self._finished[node.id] = _ap_of(self._folder(node)) if _is_row(node) else None
            return "done"
        if ended.get(node.id) in ("stopped", "failed"):
            return ended[node.id]
        if node.state == "running" and (gone or work.facts.get("ended")):
            return "interrupted"
        return node.state or found or "waiting"

    def _sight(
        self,
        node: Planned,
        states: Mapping[str, str],
        titles: Mapping[str, str],
        work: Work,
        gone: bool,
        now: float,
    ) -> NodeSight:
        state = states[node.id]
        if state == "done":
            self._trainings.pop(node.id, None)
            return NodeSight(node, state, ap=self._finished[node.id])
        training = self._training(node) if node.kind == "stage" else None
        silent = None if training is None else max(now - training.last, 0.0)
        if not work.facts and silent is not None and state == "waiting":
            state = "running" if silent < FRESH_SECONDS else "interrupted"
        waits = [titles.get(one, one) for one in node.parents if states.get(one) != "done"]
        if (gone or work.facts.get("ended")) and not waits:
            waits = [AGAIN]
        return NodeSight(node, state, training, tuple(waits), silent=silent)

    def _training(self, node: Planned) -> TrainingState | None:
        if node.id not in self._trainings:
            self._trainings[node.id] = TrainingWatch(Tail(self._folder(node) / JOURNAL))
        return self._trainings[node.id].state()

    def _folder(self, node: Planned) -> Path:
        return self._watched.runs / NODES / node.id


def _is_row(node: Planned) -> bool:
    return node.kind == "evaluation"


def _ap_of(folder: Path) -> float | None:
    try:
        return float(json.loads((folder / RESULT).read_bytes())["summary"]["AP"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _driver_is_gone(work: Work) -> bool:
    """Whether the process that runs it is known to be gone: only on its own machine."""
    facts = work.facts
    if facts.get("ended") is not None or facts.get("host") != socket.gethostname():
        return False
    try:
        os.kill(int(facts["process"]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, KeyError, ValueError):
        return False
    return False


def _of_driver(work: Work, gone: bool, now: float) -> list[str]:
    if gone:
        return ["its command was killed; run it again to go on"]
    silent = 0.0 if work.signed is None else now - work.signed
    if work.facts.get("ended") is None and silent > SILENT_SECONDS:
        return [f"no sign of its command on {work.facts.get('host')} for {silent / 60:.0f} min"]
    return []


def _damaged(path: Path, lines: tuple[int, ...]) -> str:
    shown = ", ".join(map(str, lines[:5])) + (" and more" if len(lines) > 5 else "")
    return f"{path}: not what was written in line {shown}; left out"
