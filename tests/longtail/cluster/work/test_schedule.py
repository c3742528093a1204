"""Order, limits and failure of node work; no Ray is needed for that."""

import threading
from collections.abc import Callable, Sequence

import pytest

from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses, State
from longtail.cluster.work.schedule import run_nodes


def stage(label: str, *parents: Node) -> Node:
    return Node("stage", label, {"label": label}, {}, 0, parents)


def evaluation(label: str, *parents: Node) -> Node:
    return Node("evaluation", label, {"label": label}, {}, 0, parents)


def standings_of(*nodes: Node) -> NodeStatuses:
    return {node.id: NodeStatus(node) for node in nodes}


def passing_together(statuses: NodeStatuses, *nodes: Node) -> None:
    for node in nodes:
        statuses[node.id].in_pass = tuple(one.id for one in nodes)


class Record:
    """Work that remembers its order and how much ran at once; nodes of a pass fail one by one.

    Args:
        failing: Labels of nodes that fail.
        wait: Called amid the work.
    """

    def __init__(
        self, failing: frozenset[str] = frozenset(), wait: Callable[[], object] = lambda: None
    ) -> None:
        self.order: list[str] = []
        self.most = self._now = 0
        self._failing, self._wait = failing, wait
        self._lock = threading.Lock()

    def __call__(self, nodes: Sequence[Node]) -> dict[str, BaseException]:
        with self._lock:
            self.order.append(" + ".join(node.label for node in nodes))
            self._now += 1
            self.most = max(self.most, self._now)
        self._wait()
        with self._lock:
            self._now -= 1
        failing = [node for node in nodes if node.label in self._failing]
        return {node.id: RuntimeError(f"{node.label} broke") for node in failing}


def labels_by_state(statuses: NodeStatuses, state: State) -> set[str]:
    return {item.node.label for item in statuses.values() if item.state is state}


def test_parents_go_first_and_rows_are_finished_before_new_ones_start() -> None:
    first, second = stage("first"), stage("second")
    nodes = (first, second, evaluation("row 1", first), evaluation("row 2", second))
    work = Record()
    run_nodes(standings_of(*nodes), 1, work, lambda _: None)
    assert work.order == ["first", "row 1", "second", "row 2"]


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_no_more_run_at_once_than_there_are_places(slots: int) -> None:
    # Passed only by as many as there are slots: work for fewer would fail after a minute.
    work = Record(wait=threading.Barrier(slots, timeout=60).wait)
    statuses = standings_of(*(stage(str(n)) for n in range(6)))
    run_nodes(statuses, slots, work, lambda _: None)
    assert len(labels_by_state(statuses, State.DONE)) == 6
    assert work.most == slots


def test_a_failure_blocks_its_children_and_nothing_else() -> None:
    bad, good = stage("bad"), stage("good")
    child = evaluation("child", bad)
    nodes = (bad, good, child, evaluation("grandchild", child), evaluation("other", good))
    statuses = standings_of(*nodes)
    run_nodes(statuses, 2, Record(failing=frozenset({"bad"})), lambda _: None)
    assert labels_by_state(statuses, State.FAILED) == {"bad"}
    assert labels_by_state(statuses, State.BLOCKED) == {"child", "grandchild"}
    assert labels_by_state(statuses, State.DONE) == {"good", "other"}
    assert str(statuses[bad.id].error) == "bad broke"


def test_what_is_done_is_not_done_again() -> None:
    first = stage("first")
    statuses = standings_of(first, evaluation("row", first))
    statuses[first.id].state = State.DONE
    work = Record()
    run_nodes(statuses, 1, work, lambda _: None)
    assert work.order == ["row"]


def test_ticks_come_while_work_runs() -> None:
    ticks: list[int] = []
    ticked = threading.Event()

    def on_tick(statuses: NodeStatuses) -> None:
        ticks.append(len(labels_by_state(statuses, State.RUNNING)))
        ticked.set()

    statuses = standings_of(stage("slow"))
    run_nodes(statuses, 1, Record(wait=lambda: ticked.wait(60)), on_tick)
    assert ticks[:-1] and set(ticks[:-1]) == {1}
    assert ticks[-1] == 0


def test_nodes_of_a_pass_are_one_piece_of_work_at_one_place() -> None:
    root, last = stage("root"), stage("last")
    heads = [stage(label, root) for label in ("a", "b", "c")]
    statuses = standings_of(root, *heads, last, *(evaluation(f"row {h.label}", h) for h in heads))
    passing_together(statuses, *heads)
    work = Record()
    run_nodes(statuses, 1, work, lambda _: None)
    assert work.order == ["root", "a + b + c", "row a", "row b", "row c", "last"]
    assert work.most == 1


def test_a_node_that_fails_in_a_pass_blocks_its_own_children_alone() -> None:
    root = stage("root")
    good, bad = stage("good", root), stage("bad", root)
    statuses = standings_of(root, good, bad, evaluation("row", good), evaluation("lost", bad))
    passing_together(statuses, good, bad)
    run_nodes(statuses, 2, Record(failing=frozenset({"bad"})), lambda _: None)
    assert labels_by_state(statuses, State.DONE) == {"root", "good", "row"}
    assert labels_by_state(statuses, State.FAILED) == {"bad"}
    assert labels_by_state(statuses, State.BLOCKED) == {"lost"}


def test_an_exception_fails_all_nodes_of_the_piece() -> None:
    def explode(nodes: Sequence[Node]) -> dict[str, BaseException]:
        raise OSError("disk full")

    one, other = stage("one"), stage("other")
    statuses = standings_of(one, other)
    passing_together(statuses, one, other)
    run_nodes(statuses, 2, explode, lambda _: None)
    assert {str(item.error) for item in statuses.values()} == {"disk full"}
    assert labels_by_state(statuses, State.FAILED) == {"one", "other"}
