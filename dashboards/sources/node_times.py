"""When nodes were at work, from the truest source that there is.

A node begins when its `node.json` was made. Attempts of a training, and the last step of each, are
in its journal, as is the end of an evaluation. The end of other work is when `result.json` was
written, by the file's own time; a copy of the folder may have lost that, so it counts only if it
is neither before what the journal tells nor after what needed the node began. Where an attempt
was made, and when one began of work that keeps no journal, is noted since places are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from dashboards.sources.files import tree_if_there
from dashboards.sources.nodes import Nodes, lines_of
from dashboards.sources.shapes.results import NodeFile
from longtail.cluster.nodes.ledger import NODE, RESULT
from longtail.cluster.nodes.places import Place, read_places

TIMES = "times"
"""Key in the tree of a grid."""
SHARED_TRUNK = "shared_trunk"
"""Key in the line that opens an attempt: how many trainings went through the data together."""


@dataclass(frozen=True)
class Attempt:
    """A stretch of work.

    Attributes:
        begin: Unix seconds.
        end: The same.
        together: Trainings that one pass over the data served; 1 for work alone.
        place: Where it began; None where that was not noted.
    """

    begin: float
    end: float
    together: int = 1
    place: Place | None = None

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.begin


@dataclass(frozen=True)
class NodeTime:
    """When a node was at work.

    Attributes:
        id: The node's.
        kind: "stage", "predictions" or "evaluation".
        label: Its name for people.
        rows: Names of the rows that it serves.
        begin: Unix seconds, when it was made; before its first attempt it was prepared.
        attempts: In their order; of a training each, of other work one.
        finished: It has a result.
    """

    id: str
    kind: str
    label: str
    rows: tuple[str, ...]
    begin: float
    attempts: tuple[Attempt, ...]
    finished: bool

    @property
    def end(self) -> float:
        """Of its last attempt; its begin if there is none."""
        return self.attempts[-1].end if self.attempts else self.begin


def node_times(nodes: Nodes) -> tuple[NodeTime, ...]:
    """When nodes were at work, by their begin; those whose begin is not known are left out."""
    trees = {node: tree_if_there(node / NODE, NodeFile) for node in nodes}
    begun = {node: tree for node, tree in trees.items() if "created" in tree}
    # What needs a node begins when that has ended.
    after: dict[str, float] = {}
    for tree in begun.values():
        for parent in tree.get("parents", []):
            after[parent] = min(after.get(parent, tree["created"]), tree["created"])
    times = [_time(node, tree, nodes[node], after.get(node.name)) for node, tree in begun.items()]
    return tuple(sorted(times, key=lambda of: (of.begin, of.id)))


def _time(
    node: Path, tree: Mapping[str, Any], rows: tuple[str, ...], after: float | None
) -> NodeTime:
    lines, begin = lines_of(node), float(tree["created"])
    finished = (node / RESULT).is_file()
    last = max((line["time"] for line in lines), default=None)
    end = _end(node / RESULT, begin, last, after) if finished else last or begin
    places = read_places(node)
    if tree.get("kind") == "stage":
        attempts = _attempts(lines, end, places)
    else:
        attempts = _without_journal(begin, end, places)
    kind, label = str(tree.get("kind", "")), str(tree.get("label", node.name))
    return NodeTime(node.name, kind, label, rows, begin, attempts, finished)


def _end(result: Path, begin: float, last: float | None, after: float | None) -> float:
    written, earliest = result.stat().st_mtime, begin if last is None else last
    if earliest <= written <= (written if after is None else after):
        return written
    # Only work that keeps no journal has nothing better than what came after it.
    return after if last is None and after is not None else earliest


def _attempts(
    lines: Sequence[Mapping[str, Any]], end: float, places: Sequence[Place]
) -> tuple[Attempt, ...]:
    groups = [list(group) for _, group in groupby(lines, key=lambda line: line["attempt"])]
    attempts = []
    for group in groups:
        begin, together = group[0]["time"], group[0].get(SHARED_TRUNK, 1)
        before = [of for of in places if of.time <= begin]
        place = before[-1] if before else None
        attempts.append(Attempt(begin, group[-1]["time"], together, place))
    if attempts:
        ended = attempts[-1]
        attempts[-1] = replace(ended, end=max(ended.end, end))
    return tuple(attempts)


def _without_journal(begin: float, end: float, places: Sequence[Place]) -> tuple[Attempt, ...]:
    """When one that was cut off ended is not known: it has no length."""
    inside = [of for of in places if begin <= of.time <= end]
    if not inside:
        # Clocks of machines that differ by more than the work took.
        place = places[-1] if places else None
        return (Attempt(begin, end, place=place),) if end > begin else ()
    *cut, last = inside
    return (
        *(Attempt(of.time, of.time, place=of) for of in cut),
        Attempt(last.time, end, place=last),
    )
