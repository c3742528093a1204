"""Running nodes in the order of their needs; a failure stops only what needs the failed node."""

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses, State

TICK_SECONDS = 0.5
FIRST_TO_RUN = ("evaluation", "predictions", "pseudo_labels", "stage")

Failures = Mapping[str, BaseException]
"""What went wrong, by the ids of the nodes that failed."""
Work = Callable[[Sequence[Node]], Failures]


def run_nodes(
    statuses: NodeStatuses, slots: int, work: Work, on_tick: Callable[[NodeStatuses], None]
) -> None:
    """Do the work of every waiting node, parents first, at most `slots` pieces of it at a time.

    A piece of work is a node, or the nodes of one pass over the data. Of the nodes that are ready,
    those nearest to a finished row go first. Work runs in daemon threads, so an interrupted driver
    leaves at once.

    Args:
        statuses: All nodes by id, parents before children; changed in place.
        slots: How many pieces run at once.
        work: Does a piece and says which of its nodes failed; an exception fails all of them.
        on_tick: Called about twice a second from this thread, and at the end.
    """
    finished: queue.Queue[dict[str, BaseException | None]] = queue.Queue()
    running = 0
    while _unsettled(statuses):
        for piece in ready(statuses)[: slots - running]:
            running += 1
            for item in piece:
                item.state, item.started = State.RUNNING, time.monotonic()
            arguments = ([item.node for item in piece], work, finished)
            threading.Thread(target=_attempt, args=arguments, daemon=True).start()
        running -= _settle(statuses, finished)
        on_tick(statuses)


def _attempt(
    nodes: Sequence[Node],
    work: Work,
    finished: queue.Queue[dict[str, BaseException | None]],
) -> None:
    try:
        failures = work(nodes)
    except BaseException as error:
        failures = {node.id: error for node in nodes}
    finished.put({node.id: failures.get(node.id) for node in nodes})


def _unsettled(statuses: NodeStatuses) -> bool:
    return any(item.state in (State.WAITING, State.RUNNING) for item in statuses.values())


def ready(statuses: NodeStatuses) -> list[list[NodeStatus]]:
    """Pieces of work of which all parents are done. Nodes of a pass have the same parents."""
    leading = [
        item
        for item in statuses.values()
        if item.state is State.WAITING
        and item.leads
        and all(statuses[parent.id].state is State.DONE for parent in item.node.parents)
    ]
    leading.sort(key=lambda item: FIRST_TO_RUN.index(item.node.kind))
    return [[statuses[name] for name in item.in_pass or (item.node.id,)] for item in leading]


def _settle(statuses: NodeStatuses, finished: queue.Queue[dict[str, BaseException | None]]) -> int:
    """Note how a piece of work ended; the number of pieces that did."""
    try:
        outcome = finished.get(timeout=TICK_SECONDS)
    except queue.Empty:
        return 0
    for name, error in outcome.items():
        statuses[name].error = error
        statuses[name].state = State.DONE if error is None else State.FAILED
    if any(error is not None for error in outcome.values()):
        _block_children(statuses)
    return 1


def _block_children(statuses: NodeStatuses) -> None:
    for item in statuses.values():
        parents = [statuses[parent.id].state for parent in item.node.parents]
        if item.state is State.WAITING and {State.FAILED, State.BLOCKED} & set(parents):
            item.state = State.BLOCKED
