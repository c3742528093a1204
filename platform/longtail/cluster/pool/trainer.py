"""Ray Train's trainers without the helpers that a worker group has no use for.

Each helper is a process of its own that imports Ray Train anew: of some eleven CPU seconds that a
group takes to start, these take three and a half.
"""

from typing import Any

from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

NEEDLESS = frozenset(
    {
        # It shares Ray datasets out; our workers read their images themselves.
        "DatasetsCallback",
        # It frees what a dead controller's workers occupied. `WorkerGroup` does that, and Ray
        # itself where the driver is dead, too.
        "PlacementGroupCleanerCallback",
    }
)
"""Kinds of callbacks, whose other effects are none."""


class _WithoutHelpers:
    """Leaves helpers out of what Ray Train calls back; where it names them otherwise, all stay."""

    def _create_default_callbacks(self) -> list[Any]:
        callbacks: list[Any] = super()._create_default_callbacks()  # type: ignore[misc]
        return [one for one in callbacks if type(one).__name__ not in NEEDLESS]


class LoneTrainer(_WithoutHelpers, DataParallelTrainer):
    """Of one worker: it needs no process group, and Ray's controller then no torch, 0.5 GB less."""


def trainer_class(workers: int) -> Any:
    """The kind of trainer for so many workers."""
    if workers == 1:
        return LoneTrainer
    from ray.train.torch import TorchTrainer

    class GroupTrainer(_WithoutHelpers, TorchTrainer):
        """Of several, in a process group of torch."""

    return GroupTrainer
