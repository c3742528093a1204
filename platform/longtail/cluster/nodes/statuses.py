"""How the nodes of a plan stand, in storage and while they run."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from longtail.cluster.nodes.ledger import node_directory, read_result
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.shared_passes import shared_passes
from longtail.problems import BadInputError


class State(StrEnum):
    """How a node stands; a sweep pauses trainings between rungs, and stops some for good."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"


@dataclass
class NodeStatus:
    """What is known of one node while the grid runs.

    Attributes:
        node: The node.
        state: How it stands; `blocked` means that a node it needs failed.
        found: Finished before this grid started.
        error: What went wrong, if it failed.
        started: Monotonic seconds when its work began.
        in_pass: Ids of the nodes that are trained in one pass over the data, this one among them;
            empty if it is worked on alone.
    """

    node: Node
    state: State = State.WAITING
    found: bool = False
    error: BaseException | None = None
    started: float | None = None
    in_pass: tuple[str, ...] = ()

    @property
    def leads(self) -> bool:
        """Whether it stands for its whole pass where that counts as one piece of work."""
        return not self.in_pass or self.in_pass[0] == self.node.id

    @property
    def title(self) -> str:
        """What people read of it, or of its pass if it leads one."""
        if not self.in_pass:
            return self.node.label
        others = len(self.in_pass) - 1
        return f"{self.node.label} and {others} more, {shared_trunk(len(self.in_pass))}"


NodeStatuses = dict[str, NodeStatus]


def shared_trunk(num_nodes: int) -> str:
    """How tables call a pass over the data that trains so many nodes."""
    return f"shared trunk ({num_nodes})"


def look_up(plan: Plan, runs: Path) -> NodeStatuses:
    """How every node of the plan stands in storage, before anything runs.

    A node counts as found when its result holds, and also when everything that would need it is
    found: a row whose evaluation is there trains nothing, even if its checkpoints were removed.

    Raises:
        BadInputError: A finished training that a row names is needed, and is not finished.
    """
    statuses: NodeStatuses = {}
    # Digests are computed, once for a node that several rows need.
    is_there = cache(lambda directory: read_result(directory) is not None)

    def look_at(node: Node, needed: bool) -> None:
        needed = needed and not is_there(node_directory(runs, node))
        before = statuses.get(node.id)
        if before is None or (needed and before.found):
            state = State.WAITING if needed else State.DONE
            statuses[node.id] = NodeStatus(node, state, found=not needed)
        for parent in node.parents:
            look_at(parent, needed)

    for row in plan.all_rows:
        look_at(row.evaluation, needed=True)
    for row in plan.rows:
        if row.is_found and statuses[row.stages[-1].id].state is State.WAITING:
            raise BadInputError(
                f"{node_directory(runs, row.stages[-1])}: row {row.name} predicts with this"
                " training, but it is not finished, or a file of it is damaged or gone; bring it to"
                " its end first, or make it again, by the command that made it"
            )
    ordered = {node.id: statuses[node.id] for node in plan.nodes()}
    _form_passes(ordered)
    return ordered


def _form_passes(statuses: NodeStatuses) -> None:
    waiting = [item.node for item in statuses.values() if item.state is State.WAITING]
    for together in shared_passes(waiting):
        ids = tuple(node.id for node in together)
        for node in ids:
            statuses[node].in_pass = ids
