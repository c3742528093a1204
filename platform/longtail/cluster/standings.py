"""How the nodes of a plan stand, in storage and while they run."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from longtail.cluster.ledger import node_directory, read_result
from longtail.cluster.node import Node
from longtail.cluster.plan import Plan


class State(StrEnum):
    """How a node stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"


@dataclass
class Standing:
    """What is known of one node while the grid runs.

    Attributes:
        node: The node.
        state: How it stands; `blocked` means that a node it needs failed.
        found: Finished before this grid started.
        error: What went wrong, if it failed.
        started: Monotonic seconds when its work began.
    """

    node: Node
    state: State = State.WAITING
    found: bool = False
    error: BaseException | None = None
    started: float | None = None


Standings = dict[str, Standing]


def look_up(plan: Plan, runs: Path) -> Standings:
    """How every node of the plan stands in storage, before anything runs.

    A node counts as found when its result holds, and also when everything that would need it is
    found: a row whose evaluation is there trains nothing, even if its checkpoints were removed.
    """
    standings: Standings = {}
    for row in plan.rows:
        needed = True
        for node in reversed(row.nodes()):
            needed = needed and read_result(node_directory(runs, node)) is None
            before = standings.get(node.id)
            if before is None or (needed and before.found):
                state = State.WAITING if needed else State.DONE
                standings[node.id] = Standing(node, state, found=not needed)
    return {node.id: standings[node.id] for node in plan.nodes()}
