"""Predicting an image set in pieces: what a worker needs to predict one shard of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch

from longtail.config.variant import Inference, Variant
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.engines.base import Engine
from longtail.inference.background_means import use_background_means
from longtail.inference.dropped_rows import DroppedRows
from longtail.inference.engine import load_engine
from longtail.inference.predict import predict_shard
from longtail.inference.shard import ShardImages, show_nothing
from longtail.inference.tta.merged_images import images_with_new_masks, images_with_own_masks
from longtail.inference.tta.shared_images import shared_images
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
        views: The finished store of each view that is united, in the order of `Inference.views`.
    """

    variant: Variant
    stage: int
    checkpoint: Path
    annotations: Path
    images: Path
    store: Path
    source: Source
    loader_processes: int
    views: tuple[Path, ...] = ()


def source_of(name: str, node: str, inference: Inference) -> Source:
    """What a store says about where its predictions come from.

    Of several scales none is named, and of views that are flipped and others all that is known is
    that some are; the manifest's note `views` says how many there are.
    """
    tta = inference.tta
    if tta is None:
        return Source(name, node, inference.short_side, inference.flip)
    sides = {scale.short_side for scale in tta.scales}
    return Source(name, node, sides.pop() if len(sides) == 1 else None, tta.horizontal_flip)


def num_shards(annotations: Path) -> int:
    """How many shards the images of a file are cut into."""
    return image_set(open_annotations(annotations)).num_shards


def images_left(job: PredictionJob, shards: Iterable[int]) -> int:
    """How many images the shards hold of which nobody has written the predictions yet."""
    images = image_set(open_annotations(job.annotations))
    missing = set(StoreWriter(job.store, images, job.source).missing_shards())
    blocks = [len(ids) for ids in images.blocks()]
    return sum(
        blocks[block]
        for shard in shards
        if shard in missing
        for block in images.blocks_of_shard(shard)
    )


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
    of_shard = (annotations, job.images, inference, writer, shard, job.loader_processes)
    of = ShardImages(*of_shard, on_progress)
    tta = inference.tta
    if tta is not None and tta.is_union and tta.masks == "own":
        return of.write(images_with_own_masks(of, _stores(job)), DroppedRows())
    engine = load_engine(job.checkpoint, job.variant, job.stage, annotations.categories, device)
    mixed = inference.bf16 and device.type == "cuda"
    with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
        return _predict(engine, job, of)


def _predict(engine: Engine, job: PredictionJob, of: ShardImages) -> int:
    """Predict a shard for which the network is needed."""
    tta, dropped = of.inference.tta, DroppedRows()
    if tta is None:
        of_set = of.annotations, job.images, of.inference, job.store, job.loader_processes
        use_background_means(engine, *of_set)
        return predict_shard(engine, of)
    if tta.is_union:
        return of.write(images_with_new_masks(engine, of, _stores(job)), dropped)
    proposals = job.variant.detector.proposals
    return of.write(shared_images(engine, of, proposals, dropped), dropped)


def _stores(job: PredictionJob) -> list[PredictionStore]:
    """Those of the views that are united."""
    assert len(job.views) == len(job.variant.inference.views()), "every view has a store"
    return [PredictionStore.open(path) for path in job.views]


def finish_job(job: PredictionJob) -> PredictionStore:
    """Complete the store once every shard is there.

    Raises:
        ValueError: A shard is missing.
    """
    images = image_set(open_annotations(job.annotations))
    tta = job.variant.inference.tta
    notes = None if tta is None else {"views": tta.num_views}
    return StoreWriter(job.store, images, job.source).finish(notes)


def image_set(annotations: Annotations) -> ImageSet:
    """The images of a file as a store knows them."""
    return ImageSet(annotations.image_ids, annotations.heights, annotations.widths)
