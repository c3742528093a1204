"""Training stages of variants: from plain values to a final checkpoint in a directory.

It can be called again after any crash, on any number of workers: it goes on from the newest
checkpoint that holds, and what was trained twice was trained alike.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar, cast

import torch
from torch import distributed, nn

from longtail.config.roi_stages import semantic_branch_of
from longtail.data.joining.other_data import OtherData, open_other_data
from longtail.data.loading.batches import TrainingBatch, training_batches
from longtail.data.lvis.annotations import Annotations, open_annotations
from longtail.data.semantic.classes import ClassMaps
from longtail.engines.base import Engine
from longtail.engines.build import build_engine
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.by_stage import AnyClassifier
from longtail.models.classifiers.many import ManyClassifiers
from longtail.randomness import data_seed
from longtail.training.checkpoints import TrainingState
from longtail.training.determinism import seed_initial_weights, seed_step
from longtail.training.job import StageJob, StageOutcome
from longtail.training.loop import TrainingDivergedError, train
from longtail.training.shared_pass import SharedPass
from longtail.training.shared_trunk import (
    check_one_pass,
    classifier_in,
    heads_in,
    in_place,
    latest_of_all,
)
from longtail.training.trained_stage import TrainedStage, prepare
from longtail.training.weights.freezing import FrozenParts, set_training_mode

__all__ = ["StageJob", "StageOutcome", "train_stage", "train_stages"]

T = TypeVar("T")


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
    """Train one stage: see `train_stages`.

    Raises:
        TrainingDivergedError: A loss or the gradient is not finite.
    """
    (outcome,) = train_stages(
        [job],
        rank=rank,
        world_size=world_size,
        device=device,
        wrap=wrap,
        should_stop=should_stop,
    )
    if outcome.diverged is not None:
        raise TrainingDivergedError(outcome.diverged)
    return outcome


def train_stages(
    jobs: Sequence[StageJob],
    *,
    rank: int,
    world_size: int,
    device: torch.device,
    wrap: Callable[[nn.Module], nn.Module] = unwrapped,
    should_stop: Callable[[], bool] = never,
) -> list[StageOutcome]:
    """Train stages to their end in one pass over the data, going on from their newest checkpoints.

    Those that are to pause (`StageJob.until`) leave a checkpoint there; the next call goes on from
    it, and ends as one call would have. Several stages must have the same frozen trunk and differ
    in their classifiers and optimizers alone. Each ends as it would have ended by itself. Called
    once by every rank. Rank 0 chooses the checkpoints and is the only one that writes.

    Args:
        jobs: What to train: most often one.
        rank: This worker, 0 to `world_size` - 1.
        world_size: Workers that train together; torch.distributed runs if there are several.
        device: Where this rank computes.
        wrap: Makes the model distributed; it is given the model on its device.
        should_stop: Asked at every step; once any rank says yes, checkpoints are written and every
            rank returns.

    Returns:
        How each ended. One that diverges, now or in an earlier call, does not stop the others.

    Raises:
        BadInputError: The annotations, an image or the initial weights cannot be used.
        ValueError: A configuration does not fit the data, the weights or the number of workers.
    """
    check_one_pass(jobs)
    notes = _from_rank_0(lambda: [_divergence(job) for job in jobs], device)
    left = [job for job, note in zip(jobs, notes, strict=True) if note is None]
    outcomes = iter(_train_together(left, rank, world_size, device, wrap, should_stop))
    return [next(outcomes) if note is None else _stopped_before(note) for note in notes]


def _train_together(
    jobs: Sequence[StageJob],
    rank: int,
    world_size: int,
    device: torch.device,
    wrap: Callable[[nn.Module], nn.Module],
    should_stop: Callable[[], bool],
) -> list[StageOutcome]:
    if not jobs:
        return []
    job, stage = jobs[0], jobs[0].config
    annotations = open_annotations(job.train_annotations, exhaustive=job.exhaustive)
    engine, members, frozen = _prepare_all(jobs, annotations, device)
    start = members[0].start
    if start.step >= job.last_step:
        return [member.outcome for member in members]

    batches = _batches(job, annotations, start, rank, world_size)
    shared_pass = SharedPass(engine, members, frozen, annotations, writes=rank == 0)
    shared_pass.begin()
    with in_place(engine, _together(members)):
        set_training_mode(engine, stage.freeze)
        try:
            step = train(
                wrap(cast(nn.Module, engine)),
                [member.learner for member in members],
                batches,
                first_step=start.step,
                last_step=job.last_step,
                device=device,
                seed_step=lambda step: seed_step(job.variant.seed, job.stage, step, rank),
                save=shared_pass.save,
                should_stop=should_stop,
            )
        except TrainingDivergedError:
            step = start.step
    return shared_pass.end(step)


def _prepare_all(
    jobs: Sequence[StageJob], annotations: Annotations, device: torch.device
) -> tuple[Engine, list[TrainedStage], FrozenParts]:
    """The engine with the trunk's weights, and each job's own classifier with its own."""
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    engine = _build(jobs[0], statistics)
    others = [classifier_in(_build(job, statistics)) for job in jobs[1:]]
    classifiers = [classifier_in(engine), *others]
    latest = _from_rank_0(lambda: latest_of_all([job.checkpoints for job in jobs]), device)
    members: list[TrainedStage] = []
    frozen = None
    for job, classifier, newest in zip(jobs, classifiers, latest, strict=True):
        member = prepare(job, engine, classifier, annotations, newest, device)
        members.append(member)
        if frozen is None:
            frozen = FrozenParts(engine, job.config.freeze)
        else:
            frozen.verify()
    assert frozen is not None
    return engine, members, frozen


def _build(job: StageJob, statistics: CategoryStatistics) -> Engine:
    seed_initial_weights(job.variant.seed, job.stage)
    variant, classifier = job.variant, job.config.classifier
    engine = build_engine(variant.detector, classifier, variant.inference, statistics)
    heads_in(engine).classifier_dropout.p = job.config.classifier_dropout
    return engine


def _together(members: Sequence[TrainedStage]) -> AnyClassifier:
    """All classifiers as one whose loss has a value for each."""
    classifiers = [member.classifier for member in members]
    return ManyClassifiers(classifiers, [member.telemetry.watch for member in members])


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
        maps=_class_maps(job),
        other=_other_data(job, annotations),
    )


def _other_data(job: StageJob, annotations: Annotations) -> OtherData:
    use_empty = job.variant.data.use_images_without_annotations
    return open_other_data(annotations, job.config, job.also, use_empty)


def _class_maps(job: StageJob) -> ClassMaps | None:
    """The maps that a semantic branch learns from."""
    branch = semantic_branch_of(job.variant.detector.roi_stages)
    if branch is None:
        return None
    if job.semantic is None:
        raise ValueError(
            "detector.roi_stages.semantic: no folder of PNGs of classes is given; give it to the"
            " job (StageJob.semantic, --semantic of a grid), or set the branch to null"
        )
    return ClassMaps(job.semantic, branch.num_categories, branch.unlabelled)


def _from_rank_0(find: Callable[[], T], device: torch.device) -> T:
    """What rank 0 finds in storage: a file must not hold on one rank and not on another."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return find()
    found = [find() if distributed.get_rank() == 0 else None]
    distributed.broadcast_object_list(found, src=0, device=device)
    return cast(T, found[0])


def _divergence(job: StageJob) -> str | None:
    return job.divergence.read_text() if job.divergence.exists() else None


def _stopped_before(divergence: str) -> StageOutcome:
    return StageOutcome(0, False, 0, (), 0, divergence)
