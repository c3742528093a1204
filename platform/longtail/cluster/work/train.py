"""Training nodes on a worker group; the nodes' own checkpoints are what an attempt goes on from."""

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from longtail.cluster.pool.placed import placed
from longtail.cluster.pool.tasks import Run, TaskFailedError
from longtail.locks import held
from longtail.training.job import StageJob
from longtail.training.loop import TrainingDivergedError

LOCK_PATIENCE_SECONDS = 120.0

logger = logging.getLogger(__name__)


def train_nodes(jobs: Sequence[StageJob], run: Run) -> list[Exception | None]:
    """Train stages to their end in one pass over the data; most often it is one.

    Workers that die are replaced and go on from the last checkpoints. Where a pass of several
    stages fails as a whole, as with too little memory for all their classifiers, each is trained
    alone.

    Args:
        jobs: What to train: stages over one frozen trunk, see `train_stages`.
        run: Does a task on a worker group.

    Returns:
        What went wrong with each: None, a TrainingDivergedError, which is not tried again, or a
        TaskFailedError.
    """
    for job in jobs:
        job.divergence.unlink(missing_ok=True)
    try:
        run(placed([job.directory for job in jobs], partial(_train_on_worker, tuple(jobs))))
    except TaskFailedError as error:
        if len(jobs) == 1:
            return [error]
        logger.warning("a pass of %d trainings failed, each is done alone: %s", len(jobs), error)
        return [end for job in jobs for end in train_nodes([job], run)]
    notes = [job.divergence for job in jobs]
    return [TrainingDivergedError(note.read_text()) if note.exists() else None for note in notes]


def _train_on_worker(jobs: Sequence[StageJob], rank: int, world_size: int) -> None:
    """Runs in every worker. Rank 0 holds the nodes' locks: a worker of a dead driver that still
    writes is waited for, never raced with."""
    from ray.train.torch import prepare_model

    from longtail.cluster.work.device import rank_device
    from longtail.training.stage import train_stages

    with ExitStack() as locks:
        for job in sorted(jobs, key=lambda job: job.directory) if rank == 0 else ():
            locks.enter_context(held(job.directory / "training.lock", LOCK_PATIENCE_SECONDS))
        # A stage that diverges is noted in its directory on every rank's behalf. An exception
        # would have the same trained again.
        train_stages(
            jobs,
            rank=rank,
            world_size=world_size,
            device=rank_device(),
            wrap=prepare_model,
        )
