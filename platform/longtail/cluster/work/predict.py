"""Predicting an image set on a worker group, whose ranks share the shards."""

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from longtail.cluster.pool.placed import placed
from longtail.cluster.pool.tasks import Run
from longtail.predictions.store import is_store

if TYPE_CHECKING:
    from longtail.inference.job import PredictionJob

logger = logging.getLogger(__name__)


def predict_node(job: "PredictionJob", run: Run) -> dict[str, Any]:
    """Predict every shard that is not there yet, then write the store's manifest.

    Args:
        job: What is predicted, and with what.
        run: Does a task on a worker group.

    Returns:
        Counts of the finished store: `images`, `detections`, and `dropped_rows` of scores that
        were no finite numbers, which are warned of.

    Raises:
        TaskFailedError: An image or the checkpoint cannot be used, or workers failed too often.
    """
    from longtail.inference.dropped_rows import dropped_rows
    from longtail.inference.job import finish_job
    from longtail.inference.progress import forget_progress

    if not is_store(job.store):
        forget_progress(job.store.parent)
        run(placed([job.store.parent], partial(_predict_on_worker, job)))
    store = finish_job(job)
    dropped = dropped_rows(job.store)
    if dropped.rows:
        logger.warning("%s: %s", job.source.name, dropped.warning())
    return {
        "images": len(store.images.ids),
        "detections": store.num_detections,
        "dropped_rows": dropped.rows,
    }


def _predict_on_worker(job: "PredictionJob", rank: int, world_size: int) -> None:
    """Runs in every worker."""
    from longtail.cluster.work.device import rank_device
    from longtail.inference.job import images_left, num_shards, predict_job_shard
    from longtail.inference.progress import ProgressFile

    device = rank_device()
    shards = range(rank, num_shards(job.annotations), world_size)
    count = ProgressFile(job.store.parent, rank, images_left(job, shards))
    for shard in shards:
        predict_job_shard(job, shard, device=device, on_progress=count)
