"""Running nodes in the order of their needs; a failure stops only what needs the failed node."""

import queue
import threading
import time
from collections.abc import Callable, Sequence

from longtail.cluster.node import Node
from longtail.cluster.standings import Standing, Standings, State

TICK_SECONDS = 0.5
FIRST_TO_RUN = ("evaluation", "predictions", "stage")


def run_nodes(
    standings: Standings,
    places: int,
    work: Callable[[Node], None],
    on_tick: Callable[[Standings], None],
) -> None:
    """Do the work of every waiting node, parents first, at most `places` at a time.

    Of the nodes that are ready, those nearest to a finished row go first. Work runs in daemon
    threads, so an interrupted driver leaves at once.

    Args:
        standings: All nodes by id, parents before children; changed in place.
        places: How many nodes run at once.
        work: Does the work of a node; an exception fails the node.
        on_tick: Called about twice a second from this thread, and at the end.
    """
    finished: queue.Queue[tuple[str, BaseException | None]] = queue.Queue()
    while _unsettled(standings):
        for standing in _startable(standings, places):
            standing.state, standing.started = State.RUNNING, time.monotonic()
            arguments = (standing.node, work, finished)
            threading.Thread(target=_attempt, args=arguments, daemon=True).start()
        _settle(standings, finished)
        on_tick(standings)


def _attempt(
    node: Node,
    work: Callable[[Node], None],
    finished: queue.Queue[tuple[str, BaseException | None]],
) -> None:
    try:
        work(node)
    except BaseException as error:
        finished.put((node.id, error))
    else:
        finished.put((node.id, None))


def _unsettled(standings: Standings) -> bool:
    return any(item.state in (State.WAITING, State.RUNNING) for item in standings.values())


def _startable(standings: Standings, places: int) -> Sequence[Standing]:
    running = sum(item.state is State.RUNNING for item in standings.values())
    ready = [
        item
        for item in standings.values()
        if item.state is State.WAITING
        and all(standings[parent.id].state is State.DONE for parent in item.node.parents)
    ]
    ready.sort(key=lambda item: FIRST_TO_RUN.index(item.node.kind))
    return ready[: places - running]


def _settle(standings: Standings, finished: queue.Queue[tuple[str, BaseException | None]]) -> None:
    try:
        name, error = finished.get(timeout=TICK_SECONDS)
    except queue.Empty:
        return
    standing = standings[name]
    standing.error = error
    standing.state = State.DONE if error is None else State.FAILED
    if error is not None:
        _block_children(standings)


def _block_children(standings: Standings) -> None:
    for item in standings.values():
        parents = [standings[parent.id].state for parent in item.node.parents]
        if item.state is State.WAITING and {State.FAILED, State.BLOCKED} & set(parents):
            item.state = State.BLOCKED
