"""Stages that are trained in one pass over the data, and what they leave in their directories.

Most passes have one member. With several, each has its turn in the engine: see `shared_trunk`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from longtail.data.loading.batches import TrainingBatch
from longtail.data.lvis.annotations import Annotations
from longtail.data.sampling.build import images_per_epoch
from longtail.engines.base import Engine
from longtail.randomness import data_seed
from longtail.training.checkpoints import save_checkpoint
from longtail.training.job import StageJob, StageOutcome
from longtail.training.journal import JOURNAL, Journal
from longtail.training.shared_trunk import in_place
from longtail.training.telemetry_files import drop_windows_after, write_window
from longtail.training.trained_stage import TrainedStage
from longtail.training.weights.freezing import FrozenParts

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class SharedPass:
    """What is trained at once.

    Attributes:
        engine: Holds the trunk's weights; the members' classifiers take turns in it.
        members: Their learners are trained.
        frozen: What none of them may change.
        annotations: The training file.
        writes: Whether this rank writes files.
    """

    engine: Engine
    members: Sequence[TrainedStage]
    frozen: FrozenParts
    annotations: Annotations
    writes: bool

    def begin(self) -> None:
        """Start the members' journals."""
        for member in self.members if self.writes else ():
            drop_windows_after(member.job.directory, member.start.step)
            _tell(member)
            facts = self._facts(member)
            journal = Journal(member.job.directory / JOURNAL)
            journal.start(member.start.step, member.job.config.schedule.iterations, **facts)
            member.learner.journal = journal

    def save(self, step: int, batch: TrainingBatch) -> None:
        """Write a checkpoint of every member that still learns; every rank calls it.

        Why others stopped is noted first: a member without this checkpoint must not hold the rest
        back after a crash.
        """
        if self.writes:
            self.frozen.verify()
            self._note_divergence()
        for member in self.members:
            if member.learner.diverged is None:
                self._save_member(member, step, batch)

    def end(self, step: int) -> list[StageOutcome]:
        """How each member ended when the pass did after so many steps."""
        if self.writes:
            self._note_divergence()
        return [_outcome(member, step) for member in self.members]

    def _facts(self, member: TrainedStage) -> dict[str, object]:
        """What the journal's first line tells of the start."""
        outcome, stage = member.outcome, member.job.config
        facts: dict[str, object] = {
            "protected_categories": outcome.protected_categories,
            "images_per_epoch": _images_per_epoch(member.job, self.annotations),
            "skipped_checkpoints": list(outcome.skipped_checkpoints),
            "lost_steps": outcome.lost_steps,
        }
        if member.foreign is not None:
            foreign = member.foreign
            facts["initial_detector"] = {"sha256": foreign.sha256, **foreign.taken.as_json()}
        if stage.ema_decay is not None:
            facts["ema_decay"] = stage.ema_decay
        if stage.freeze:
            facts["frozen_sha256"] = self.frozen.sha256
        if len(self.members) > 1:
            facts["shared_trunk"] = len(self.members)
        return facts

    def _save_member(self, member: TrainedStage, step: int, batch: TrainingBatch) -> None:
        window = member.telemetry.window()
        if not self.writes:
            return
        job, optimizer, average = member.job, member.learner.optimizer, member.learner.average
        state = replace(member.start, step=step, epoch=batch.epoch, position=batch.position)
        write_window(job.directory, step, window, self.annotations.categories)
        with in_place(self.engine, member.classifier):
            weights = self.engine.state_dict()
        learning = None
        if average is not None:
            weights, learning = {**weights, **average.average}, average.learning
        save_checkpoint(job.checkpoints, weights, optimizer.state_dict(), state, learning)

    def _note_divergence(self) -> None:
        for member in self.members:
            if member.learner.diverged is not None:
                member.job.divergence.write_text(str(member.learner.diverged))


def _tell(member: TrainedStage) -> None:
    """Warn of what is unusual about the start."""
    outcome = member.outcome
    for fault in outcome.skipped_checkpoints:
        logger.warning("passed over a damaged checkpoint: %s", fault)
    if outcome.lost_steps:
        logger.warning("going on from step %d: %d steps lost", outcome.step, outcome.lost_steps)
    if slow := member.job.config.slow_average:
        logger.warning("%s", slow)
    if member.foreign is not None:
        taken = member.foreign.taken
        level = logging.INFO if taken.is_complete else logging.WARNING
        logger.log(level, "weights to start from:\n%s", taken.table())


def _outcome(member: TrainedStage, step: int) -> StageOutcome:
    if member.learner.journal is not None:
        member.learner.journal.close()
    if member.learner.diverged is not None:
        return replace(member.outcome, diverged=str(member.learner.diverged))
    finished = step == member.job.config.schedule.iterations
    return replace(member.outcome, step=step, finished=finished)


def _images_per_epoch(job: StageJob, annotations: Annotations) -> dict[str, float]:
    seed = data_seed(job.variant.seed, job.stage)
    use_empty = job.variant.data.use_images_without_annotations
    stage = job.config
    return images_per_epoch(annotations, stage.sampler, use_empty, seed, stage.augmentations)
