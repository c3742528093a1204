"""Which of the trials that wait for their next rung are worked on together."""

from collections.abc import Sequence
from dataclasses import dataclass

from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Row
from longtail.cluster.nodes.shared_passes import shared_passes
from longtail.config.trunk import trunk_of
from longtail.config.variant import Variant


@dataclass(frozen=True)
class PendingTrial:
    """A trial that waits.

    Attributes:
        number: Of the trial.
        tune_id: Ray Tune's id of it.
        row: Its variant and nodes.
        step: Iterations of its last stage that are trained.
        target: Iterations to reach.
    """

    number: int
    tune_id: str
    row: Row
    step: int
    target: int

    @property
    def node(self) -> Node:
        """Its last training node."""
        return self.row.stages[-1]

    @property
    def is_last(self) -> bool:
        """Whether its target is the end of its training."""
        return self.target == self.row.variant.stages[-1].schedule.iterations


def may_share(variant: Variant) -> bool:
    """Whether the last stage is one that can be trained in a pass with others."""
    return len(variant.stages) > 1 and trunk_of(variant.stages[-1]) is not None


def trial_groups(waiting: Sequence[PendingTrial]) -> list[list[PendingTrial]]:
    """Groups of trials that one pass over the data takes to their rung; those far on come first.

    Trials of a group have the same frozen trunk, as many iterations behind them, and the same
    target. Trials that have the same last stage, and differ in test-time settings, go together too.
    """
    groups: dict[str, list[PendingTrial]] = {}
    for key, trials in _by_position(waiting).items():
        nodes = {pending.node.id: pending.node for pending in trials}
        leader = {node.id: node.id for node in nodes.values()}
        for together in shared_passes(nodes.values()):
            leader |= {node.id: together[0].id for node in together}
        for pending in trials:
            name = f"{key}:{leader[pending.node.id]}"
            groups.setdefault(name, []).append(pending)
    return sorted(groups.values(), key=lambda group: -group[0].step)


def _by_position(waiting: Sequence[PendingTrial]) -> dict[tuple[int, int], list[PendingTrial]]:
    positions: dict[tuple[int, int], list[PendingTrial]] = {}
    for pending in sorted(waiting, key=lambda pending: pending.number):
        positions.setdefault((pending.step, pending.target), []).append(pending)
    return positions
