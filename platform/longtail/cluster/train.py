"""Training nodes: a Ray Train run whose workers resume from the nodes' own checkpoints."""

import logging
import os
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import ray
import ray.train
from ray.train import RunConfig, ScalingConfig, TrainingFailedError
from ray.train.torch import TorchTrainer
from ray.train.v2.api.config import FailureConfig

from longtail.cluster.ledger import held
from longtail.cluster.settings import WorkerResources
from longtail.training.job import StageJob
from longtail.training.loop import TrainingDivergedError
from longtail.training.stage import train_stages

WORKER_FAILURES = 3
CONTROLLER_FAILURES = 3
LOCK_PATIENCE_SECONDS = 120.0

logger = logging.getLogger(__name__)


def train_nodes(
    jobs: Sequence[StageJob], resources: WorkerResources, storage: Path
) -> list[Exception | None]:
    """Train stages to their end in one pass over the data; most often it is one.

    Workers that die are replaced and go on from the last checkpoints. Where a pass of several
    stages fails as a whole, as with too little memory for all their classifiers, each is trained
    alone.

    Args:
        jobs: What to train: stages over one frozen trunk, see `train_stages`.
        resources: How many workers, and what each gets.
        storage: Folder for Ray's own records of the run.

    Returns:
        What went wrong with each: None, a TrainingDivergedError, which is not tried again, or
        ray.train.TrainingFailedError after more than `WORKER_FAILURES` failures of workers.
    """
    try:
        _train(jobs, resources, storage)
    except TrainingFailedError as error:
        if len(jobs) == 1:
            return [error]
        logger.warning("a pass of %d trainings failed, each is done alone: %s", len(jobs), error)
        return [end for job in jobs for end in train_nodes([job], resources, storage)]
    notes = [job.divergence for job in jobs]
    return [TrainingDivergedError(note.read_text()) if note.exists() else None for note in notes]


def _train(jobs: Sequence[StageJob], resources: WorkerResources, storage: Path) -> None:
    for job in jobs:
        job.divergence.unlink(missing_ok=True)
    name = f"{jobs[0].directory.name}-{os.getpid()}"
    trainer = TorchTrainer(
        _train_on_worker,
        train_loop_config={"jobs": jobs},
        scaling_config=ScalingConfig(
            num_workers=resources.workers,
            use_gpu=resources.gpus > 0,
            resources_per_worker=resources.per_worker(),
        ),
        run_config=RunConfig(
            name=name,
            storage_path=str(storage),
            failure_config=FailureConfig(
                max_failures=WORKER_FAILURES, controller_failure_limit=CONTROLLER_FAILURES
            ),
        ),
    )
    trainer.fit()
    # All that is worth keeping is in the nodes' own directories.
    shutil.rmtree(storage / name, ignore_errors=True)


def _train_on_worker(config: dict[str, Any]) -> None:
    """Runs in every worker. Rank 0 holds the nodes' locks: a worker of a dead driver that still
    writes is waited for, never raced with."""
    import torch
    from ray.train.torch import get_device, prepare_model

    jobs: Sequence[StageJob] = config["jobs"]
    context = ray.train.get_context()
    rank = context.get_world_rank()
    torch.set_num_threads(max(1, int(os.environ.get("OMP_NUM_THREADS", "1"))))
    with ExitStack() as locks:
        for job in sorted(jobs, key=lambda job: job.directory) if rank == 0 else ():
            locks.enter_context(held(job.directory / "training.lock", LOCK_PATIENCE_SECONDS))
        # A stage that diverges is noted in its directory on every rank's behalf. An exception
        # would make Ray train the same again.
        train_stages(
            jobs,
            rank=rank,
            world_size=context.get_world_size(),
            device=get_device(),
            wrap=prepare_model,
        )
