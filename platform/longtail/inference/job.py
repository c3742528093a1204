"""Predicting an image set in pieces: what a worker needs to predict one shard of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from longtail.config.variant import Variant
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.inference.background_means import use_background_means
from longtail.inference.engine import load_engine
from longtail.inference.predict import predict_shard, show_nothing
from longtail.predictions.image_set import ImageSet
from longtail.predictions.store import PredictionStore, Source, StoreWriter


@dataclass(frozen=True)
class PredictionJob:
    """Everything a worker needs to know, as values that can be pickled.

    Attributes:
        variant: The variant, with its test-time settings.
        stage: Index of the stage whose classifier predicts.
        checkpoint: Final checkpoint of that stage.
        annotations: The file whose images are predicted; it need not have annotations.
        images: Folder of the images.
        store: Directory of the prediction store.
        source: What the store says about where its predictions come from.
        loader_processes: Processes that read images ahead; 0 reads them in the worker.
    """

    variant: Variant
    stage: int
    checkpoint: Path
    annotations: Path
    images: Path
    store: Path
    source: Source
    loader_processes: int


def num_shards(annotations: Path) -> int:
    """How many shards the images of a file are cut into."""
    return image_set(open_annotations(annotations)).num_shards


def predict_job_shard(
    job: PredictionJob,
    shard: int,
    *,
    device: torch.device,
    on_progress: Callable[[int], None] = show_nothing,
) -> int | None:
    """Predict one shard of a job and write it, unless it is there already.

    Returns:
        Number of detections, or None if the shard was there.

    Raises:
        BadInputError: The checkpoint, the file or an image cannot be used.
    """
    annotations = open_annotations(job.annotations)
    inference = job.variant.inference
    images = image_set(annotations)
    writer = StoreWriter(job.store, images, job.source, inference.keep_soft_masks)
    if shard not in writer.missing_shards():
        return None
    engine = load_engine(job.checkpoint, job.variant, job.stage, annotations.categories, device)
    use_background_means(
        engine, annotations, job.images, inference, job.store, job.loader_processes
    )
    return predict_shard(
        engine,
        annotations,
        job.images,
        inference,
        writer,
        shard,
        loader_processes=job.loader_processes,
        on_progress=on_progress,
    )


def finish_job(job: PredictionJob) -> PredictionStore:
    """Complete the store once every shard is there.

    Raises:
        ValueError: A shard is missing.
    """
    images = image_set(open_annotations(job.annotations))
    return StoreWriter(job.store, images, job.source).finish()


def image_set(annotations: Annotations) -> ImageSet:
    """The images of a file as a store knows them."""
    return ImageSet(annotations.image_ids, annotations.heights, annotations.widths)
