"""Training one node: a Ray Train run whose workers resume from the node's own checkpoints."""

import os
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import ray
import ray.train
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchTrainer
from ray.train.v2.api.config import FailureConfig

from longtail.cluster.ledger import held
from longtail.cluster.settings import WorkerResources
from longtail.training.loop import TrainingDivergedError
from longtail.training.stage import StageJob, train_stage

WORKER_FAILURES = 3
CONTROLLER_FAILURES = 3
LOCK_PATIENCE_SECONDS = 120.0
DIVERGED = "diverged.txt"


def train_node(job: StageJob, resources: WorkerResources, storage: Path) -> None:
    """Train a stage to its end; workers that die are replaced and go on from the last checkpoint.

    Args:
        job: What to train.
        resources: How many workers, and what each gets.
        storage: Folder for Ray's own records of the run.

    Raises:
        TrainingDivergedError: A loss became NaN or infinite; that is not tried again.
        ray.train.TrainingFailedError: Workers failed more than `WORKER_FAILURES` times.
    """
    diverged = job.directory / DIVERGED
    diverged.unlink(missing_ok=True)
    name = f"{job.directory.name}-{os.getpid()}"
    trainer = TorchTrainer(
        _train_on_worker,
        train_loop_config={"job": job},
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
    # All that is worth keeping is in the node's own directory.
    shutil.rmtree(storage / name, ignore_errors=True)
    if diverged.exists():
        raise TrainingDivergedError(diverged.read_text())


def _train_on_worker(config: dict[str, Any]) -> None:
    """Runs in every worker. Rank 0 holds the node's lock: a worker of a dead driver that still
    writes is waited for, never raced with."""
    import torch
    from ray.train.torch import get_device, prepare_model

    job: StageJob = config["job"]
    context = ray.train.get_context()
    rank = context.get_world_rank()
    torch.set_num_threads(max(1, int(os.environ.get("OMP_NUM_THREADS", "1"))))
    lock = held(job.directory / "training.lock", LOCK_PATIENCE_SECONDS)
    with lock if rank == 0 else nullcontext():
        try:
            train_stage(
                job,
                rank=rank,
                world_size=context.get_world_size(),
                device=get_device(),
                wrap=prepare_model,
            )
        except TrainingDivergedError as error:
            # Every rank stops here at once. An exception would make Ray train the same again.
            if rank == 0:
                (job.directory / DIVERGED).write_text(str(error))
