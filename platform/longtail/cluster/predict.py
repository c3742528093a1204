"""Predicting an image set on a worker group, whose ranks share the shards."""

from functools import partial
from typing import TYPE_CHECKING, Any

from longtail.cluster.pool.tasks import Run
from longtail.predictions.store import is_store

if TYPE_CHECKING:
    from longtail.inference.job import PredictionJob


def predict_node(job: "PredictionJob", run: Run) -> dict[str, Any]:
    """Predict every shard that is not there yet, then write the store's manifest.

    Args:
        job: What is predicted, and with what.
        run: Does a task on a worker group.

    Returns:
        Counts of the finished store: `images` and `detections`.

    Raises:
        TaskFailedError: An image or the checkpoint cannot be used, or workers failed too often.
    """
    from longtail.inference.job import finish_job

    if not is_store(job.store):
        run(partial(_predict_on_worker, job))
    store = finish_job(job)
    return {"images": len(store.images.ids), "detections": store.num_detections}


def _predict_on_worker(job: "PredictionJob", rank: int, world_size: int) -> None:
    """Runs in every worker."""
    from longtail.cluster.device import rank_device
    from longtail.inference.job import num_shards, predict_job_shard

    device = rank_device()
    for shard in range(rank, num_shards(job.annotations), world_size):
        predict_job_shard(job, shard, device=device)
