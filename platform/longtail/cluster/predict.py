"""Predicting an image set: one Ray task per shard, a bounded number of tasks at a time."""

import os
from collections.abc import Sequence
from typing import Any

import ray

from longtail.cluster.settings import WorkerResources
from longtail.inference.job import PredictionJob, finish_job, num_shards, predict_job_shard
from longtail.predictions.store import is_store

TASK_RETRIES = 3


def predict_node(job: PredictionJob, resources: WorkerResources) -> dict[str, Any]:
    """Predict every shard that is not there yet, then write the store's manifest.

    Returns:
        Counts of the finished store: `images` and `detections`.
    """
    if not is_store(job.store):
        _predict_shards(job, range(num_shards(job.annotations)), resources)
    store = finish_job(job)
    return {"images": len(store.images.ids), "detections": store.num_detections}


def _predict_shards(job: PredictionJob, shards: Sequence[int], resources: WorkerResources) -> None:
    remote = ray.remote(num_cpus=resources.cpus, num_gpus=resources.gpus, max_retries=TASK_RETRIES)(
        _predict_shard
    )
    waiting = list(shards)
    running: list[Any] = []
    while waiting or running:
        while waiting and len(running) < resources.workers:
            running.append(remote.remote(job, waiting.pop(0)))
        done, running = ray.wait(running, num_returns=1)
        ray.get(done)


def _predict_shard(job: PredictionJob, shard: int) -> None:
    """Runs in a Ray task."""
    import torch

    torch.set_num_threads(max(1, int(os.environ.get("OMP_NUM_THREADS", "1"))))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    predict_job_shard(job, shard, device=device)
