"""Training one stage of a variant: from plain values to a final checkpoint in a directory.

It can be called again after any crash, on any number of workers: it goes on from the newest
checkpoint that holds, and what was trained twice was trained alike.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import distributed, nn

from longtail.categories import FREQUENCY_GROUPS, CategoryTable
from longtail.config.classifiers import Classifier, Double, Equalization
from longtail.config.stages import Stage
from longtail.config.variant import Variant
from longtail.data.annotations import Annotations, open_annotations
from longtail.data.loading import TrainingBatch, training_batches
from longtail.data.samplers import build_stream, effective_counts
from longtail.engines.base import Engine
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.initial_detector import InitialDetector, initial_detector
from longtail.training.checkpoints import (
    Checkpoint,
    Latest,
    TrainingState,
    latest_valid,
    save_checkpoint,
)
from longtail.training.determinism import data_seed, seed_initial_weights, seed_step
from longtail.training.freezing import freeze, set_training_mode
from longtail.training.initial_weights import part_names, take_over
from longtail.training.journal import JOURNAL, Journal
from longtail.training.loop import train
from longtail.training.optimizers import build_optimizer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageJob:
    """Everything a worker needs to know, as values that can be pickled.

    Attributes:
        variant: The whole variant.
        stage: Index of the stage to train.
        train_annotations: The annotation file.
        images: Folder of its images.
        directory: The node's own directory: journal and checkpoints go there.
        initial_weights: Final checkpoint of the stage before; None for stage 0.
        loader_processes: Processes per worker that prepare samples; 0 prepares in the worker.
    """

    variant: Variant
    stage: int
    train_annotations: Path
    images: Path
    directory: Path
    initial_weights: Path | None
    loader_processes: int

    @property
    def config(self) -> Stage:
        """Configuration of the stage."""
        return self.variant.stages[self.stage]

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.directory / "checkpoints"


@dataclass(frozen=True)
class StageOutcome:
    """How a call of `train_stage` ended.

    Attributes:
        step: Optimizer steps done in all.
        finished: Whether that is all of them; False after `should_stop`.
        protected_categories: Tail categories that the equalization loss spares; 0 without it.
        skipped_checkpoints: Damaged checkpoints that were passed over, and what is wrong with them.
        lost_steps: Steps that had to be done again for that reason.
    """

    step: int
    finished: bool
    protected_categories: int
    skipped_checkpoints: tuple[str, ...]
    lost_steps: int


def unwrapped(model: nn.Module) -> nn.Module:
    """The model itself: no distributed training."""
    return model


def never() -> bool:
    """Never stop before the end."""
    return False


def train_stage(
    job: StageJob,
    *,
    rank: int,
    world_size: int,
    device: torch.device,
    wrap: Callable[[nn.Module], nn.Module] = unwrapped,
    should_stop: Callable[[], bool] = never,
) -> StageOutcome:
    """Train a stage to its end, going on from the newest valid checkpoint of the directory.

    Called once by every rank. Rank 0 chooses the checkpoint and is the only one that writes.

    Args:
        job: What to train.
        rank: This worker, 0 to `world_size` - 1.
        world_size: Workers that train together; torch.distributed runs if there are several.
        device: Where this rank computes.
        wrap: Makes the model distributed; it is given the model on its device.
        should_stop: Asked at every step; once any rank says yes, a checkpoint is written and every
            rank returns.

    Raises:
        BadInputError: The annotations, an image or the initial weights cannot be used.
        TrainingDivergedError: A loss or the gradient is not finite.
        ValueError: The configuration does not fit the data, the weights or the number of workers.
    """
    stage = job.config
    annotations = open_annotations(job.train_annotations)
    statistics = category_statistics(stage.classifier, annotations)
    engine = _build(job, statistics)
    model = cast(nn.Module, engine).to(device)
    freeze(engine, stage.freeze)
    optimizer = build_optimizer(stage.optimizer, model)
    latest = _latest_of_rank_0(job.checkpoints, device)
    foreign = (
        _take_detector(job, engine, statistics.num_categories) if latest.path is None else None
    )
    start = _restore(job, engine, optimizer, latest.path, annotations.categories)
    outcome = StageOutcome(
        step=start.step,
        finished=start.step == stage.schedule.iterations,
        protected_categories=int(statistics.tail.sum()),
        skipped_checkpoints=latest.skipped,
        lost_steps=latest.lost_steps,
    )
    if outcome.finished:
        return outcome

    batches = _batches(job, annotations, start, rank, world_size)
    writes = rank == 0
    journal = _open_journal(job, outcome, annotations, foreign) if writes else None
    set_training_mode(engine, stage.freeze)
    step = train(
        wrap(model),
        optimizer,
        batches,
        stage,
        first_step=start.step,
        device=device,
        seed_step=lambda step: seed_step(job.variant.seed, job.stage, step, rank),
        journal=journal,
        save=partial(_save, job, engine, optimizer, start) if writes else _do_not_save,
        should_stop=should_stop,
    )
    if journal:
        journal.close()
    return replace(outcome, step=step, finished=step == stage.schedule.iterations)


def category_statistics(classifier: Classifier, annotations: Annotations) -> CategoryStatistics:
    """The training file's categories; the tail is empty without an equalization loss."""
    categories = annotations.categories
    tail = np.zeros(len(categories), dtype=np.bool_)
    learning = classifier.second if isinstance(classifier, Double) else classifier
    if isinstance(learning, Equalization):
        tail = categories.tail(learning.tail_frequency, annotations.num_annotated_images)
    counts = categories.image_count, categories.instance_count
    return CategoryStatistics.from_arrays(tail, *counts)


def _latest_of_rank_0(checkpoints: Path, device: torch.device) -> Latest:
    """Rank 0 looks and the others follow: a file must not hold on one rank and not on another."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return latest_valid(checkpoints)
    chosen = [latest_valid(checkpoints) if distributed.get_rank() == 0 else None]
    distributed.broadcast_object_list(chosen, src=0, device=device)
    return cast(Latest, chosen[0])


def _build(job: StageJob, statistics: CategoryStatistics) -> Engine:
    seed_initial_weights(job.variant.seed, job.stage)
    variant, classifier = job.variant, job.config.classifier
    return build_engine(variant.detector, classifier, variant.inference, statistics)


def _take_detector(job: StageJob, engine: Engine, num_categories: int) -> InitialDetector | None:
    """Load what fits of `detector.weights`; later stages have it from the stage before."""
    detector = job.variant.detector
    if job.stage > 0 or detector.weights is None:
        return None
    state, start = initial_detector(detector, engine.state_dict(), num_categories)
    engine.load_state_dict(state, strict=True)
    return start


def _restore(
    job: StageJob,
    engine: Engine,
    optimizer: torch.optim.Optimizer,
    latest: Path | None,
    categories: CategoryTable,
) -> TrainingState:
    """Load the newest checkpoint, or else the weights of the stage before if there is one."""
    if latest is not None:
        checkpoint = Checkpoint(latest)
        engine.load_state_dict(checkpoint.weights(), strict=True)
        optimizer.load_state_dict(checkpoint.optimizer())
        return checkpoint.state
    assert job.stage == 0 or job.initial_weights is not None, "a later stage has a stage before it"
    if job.initial_weights is not None:
        before = Checkpoint(job.initial_weights)
        take_over(engine, before.weights(), before.state.parts, job.config.recreate)
    return TrainingState(
        step=0,
        epoch=0,
        position=0,
        category_ids=tuple(categories.ids.tolist()),
        image_count=tuple(categories.image_count.tolist()),
        instance_count=tuple(categories.instance_count.tolist()),
        parts=part_names(engine),
    )


def _batches(
    job: StageJob, annotations: Annotations, start: TrainingState, rank: int, world_size: int
) -> Iterator[TrainingBatch]:
    return training_batches(
        annotations=annotations,
        images_root=job.images,
        stage=job.config,
        data=job.variant.data,
        seed=data_seed(job.variant.seed, job.stage),
        num_replicas=world_size,
        rank=rank,
        start=(start.epoch, start.position),
        loader_processes=job.loader_processes,
    )


def images_per_epoch(job: StageJob, annotations: Annotations) -> dict[str, float]:
    """What the sampler makes of the long tail, before training: for each frequency group, the
    expected number of images of an epoch that show a category of it, mean over its categories."""
    categories, use_empty = annotations.categories, job.variant.data.use_images_without_annotations
    stream = build_stream(
        annotations, job.config.sampler, use_empty, data_seed(job.variant.seed, job.stage)
    )
    counts = effective_counts(annotations, stream, len(categories))
    groups = {letter: categories.group(letter) for letter in FREQUENCY_GROUPS}
    return {
        letter: round(float(counts[group].mean()), 3)
        for letter, group in groups.items()
        if group.any()
    }


def _open_journal(
    job: StageJob, outcome: StageOutcome, annotations: Annotations, foreign: InitialDetector | None
) -> Journal:
    for fault in outcome.skipped_checkpoints:
        logger.warning("passed over a damaged checkpoint: %s", fault)
    if outcome.lost_steps:
        logger.warning("going on from step %d: %d steps lost", outcome.step, outcome.lost_steps)
    facts = {}
    if foreign is not None:
        level = logging.INFO if foreign.taken.is_complete else logging.WARNING
        logger.log(level, "weights to start from:\n%s", foreign.taken.table())
        facts["initial_detector"] = {"sha256": foreign.sha256, **foreign.taken.as_json()}
    journal = Journal(job.directory / JOURNAL)
    journal.start(
        outcome.step,
        job.config.schedule.iterations,
        protected_categories=outcome.protected_categories,
        images_per_epoch=images_per_epoch(job, annotations),
        skipped_checkpoints=list(outcome.skipped_checkpoints),
        lost_steps=outcome.lost_steps,
        **facts,
    )
    return journal


def _save(
    job: StageJob,
    engine: Engine,
    optimizer: torch.optim.Optimizer,
    start: TrainingState,
    step: int,
    batch: TrainingBatch,
) -> None:
    state = replace(start, step=step, epoch=batch.epoch, position=batch.position)
    save_checkpoint(job.checkpoints, engine.state_dict(), optimizer.state_dict(), state)


def _do_not_save(step: int, batch: TrainingBatch) -> None:
    pass
