"""Work that notes in the directories of its nodes which worker group does it, and where."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from longtail.cluster.nodes.places import note_place
from longtail.cluster.pool.group_name import group_number
from longtail.cluster.pool.tasks import Work


def placed(directories: Sequence[Path], work: Work) -> Work:
    """The same work; every attempt of it is noted when it begins.

    Args:
        directories: Of the nodes.
        work: Done on a worker group.
    """
    return partial(_noted, tuple(directories), work)


def _noted(directories: Sequence[Path], work: Work, rank: int, world_size: int) -> Any:
    """Runs in every worker, of which the first notes it."""
    if rank == 0:
        import ray.train

        group = group_number(ray.train.get_context().get_experiment_name())
        for directory in directories:
            note_place(directory, group, world_size, _device_name())
    return work(rank, world_size)


def _device_name() -> str:
    import torch
    from ray.train.torch import get_device

    device = get_device()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
