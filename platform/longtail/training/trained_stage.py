"""A stage among those that are trained in one pass: what is its own, and what it starts from."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import nn

from longtail.categories import CategoryTable
from longtail.data.lvis.annotations import Annotations
from longtail.engines.base import Engine
from longtail.models.classifiers.by_stage import AnyClassifier, classifier_of_stage
from longtail.models.classifiers.equalization import protected_categories
from longtail.models.weights.initial_detector import InitialDetector, initial_detector
from longtail.training.checkpoints import Checkpoint, Latest, TrainingState
from longtail.training.job import StageJob, StageOutcome
from longtail.training.loop import Learner
from longtail.training.optimizers import build_optimizer
from longtail.training.shared_trunk import in_place
from longtail.training.telemetry import Telemetry
from longtail.training.weights.averaged import AveragedWeights, learning_weights
from longtail.training.weights.freezing import freeze
from longtail.training.weights.initial import part_names, take_over


@dataclass(frozen=True)
class TrainedStage:
    """A stage that is ready to be trained.

    Attributes:
        job: What to train.
        classifier: Its own; it has the weights that the stage goes on with.
        learner: Its optimizer, the average of its weights, and later its journal.
        telemetry: Counts what its classifier is taught.
        start: Where it goes on.
        outcome: How it stands before it is trained.
        foreign: What was taken of `detector.weights`; None where nothing was.
    """

    job: StageJob
    classifier: AnyClassifier
    learner: Learner
    telemetry: Telemetry
    start: TrainingState
    outcome: StageOutcome
    foreign: InitialDetector | None


def prepare(
    job: StageJob,
    engine: Engine,
    classifier: AnyClassifier,
    annotations: Annotations,
    latest: Latest,
    device: torch.device,
) -> TrainedStage:
    """Give the engine, with this classifier in place, the weights that the stage goes on with.

    Raises:
        BadInputError: The weights cannot be used.
        ValueError: They do not fit.
    """
    stage, categories = job.config, annotations.categories
    newest = None if latest.path is None else Checkpoint(latest.path)
    foreign = None
    with in_place(engine, classifier):
        model = cast(nn.Module, engine).to(device)
        freeze(engine, stage.freeze)
        optimizer = build_optimizer(stage.optimizer, model)
        if newest is None:
            foreign = _take_detector(job, engine, len(categories))
        start = _restore(job, engine, optimizer, newest, categories)
        average = _average(stage.ema_decay, engine, optimizer, newest)
    outcome = StageOutcome(
        step=start.step,
        finished=start.step == stage.schedule.iterations,
        protected_categories=protected_categories(classifier_of_stage(classifier, 0)),
        skipped_checkpoints=latest.skipped,
        lost_steps=latest.lost_steps,
    )
    return TrainedStage(
        job=job,
        classifier=classifier,
        learner=Learner(stage, optimizer, journal=None, average=average),
        telemetry=Telemetry(len(categories), device),
        start=start,
        outcome=outcome,
        foreign=foreign,
    )


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
    newest: Checkpoint | None,
    categories: CategoryTable,
) -> TrainingState:
    """Load the newest checkpoint, or else the weights of the stage before if there is one."""
    if newest is not None:
        engine.load_state_dict(newest.weights() | (newest.learning() or {}), strict=True)
        optimizer.load_state_dict(newest.optimizer())
        return newest.state
    assert job.stage == 0 or job.initial_weights is not None, "a later stage has a stage before it"
    if job.initial_weights is not None:
        before = Checkpoint(job.initial_weights)
        stage = job.config
        parts = before.state.parts
        take_over(engine, before.weights(), parts, stage.recreate, stage.classifier)
    return TrainingState(
        step=0,
        epoch=0,
        position=0,
        category_ids=tuple(categories.ids.tolist()),
        image_count=tuple(categories.image_count.tolist()),
        instance_count=tuple(categories.instance_count.tolist()),
        parts=part_names(engine),
    )


def _average(
    decay: float | None,
    engine: Engine,
    optimizer: torch.optim.Optimizer,
    newest: Checkpoint | None,
) -> AveragedWeights | None:
    """The average as the newest checkpoint has it, or else beginning with the engine's weights."""
    if decay is None:
        return None
    average = AveragedWeights(learning_weights(engine, optimizer), decay)
    if newest is not None:
        average.load(newest.weights())
    return average
