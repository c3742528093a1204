"""One frozen trunk under several classifiers: they take turns in the place of the engine's own.

With a stage's classifier in place the engine is the one that the stage alone would have, so its
names, parts, checkpoints and initial weights are too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from torch import nn

from longtail.config.trunk import shares_rois, trunk_of
from longtail.engines.base import Engine
from longtail.models.classifiers.by_stage import AnyClassifier
from longtail.models.roi_heads.heads import RoIHeads
from longtail.training.checkpoints import Latest, find_damage, latest_valid
from longtail.training.job import StageJob


def check_one_pass(jobs: Sequence[StageJob]) -> None:
    """Make sure that stages of several jobs can share one forward of their trunk."""
    trunks = {trunk_of(job.config) for job in jobs}
    origins = {
        (
            job.variant.detector,
            job.variant.data,
            job.variant.seed,
            job.stage,
            job.train_annotations,
            job.images,
            job.semantic,
            job.also,
            job.initial_weights,
            job.until,
        )
        for job in jobs
    }
    assert len(jobs) == 1 or (len(trunks) == 1 and None not in trunks), "stages of other trunks"
    assert len(origins) == 1, "stages that start from other weights or data, or pause elsewhere"
    assert len(jobs) == 1 or jobs[0].initial_weights is not None, "first stages share no trunk"
    assert len(jobs) == 1 or shares_rois(jobs[0].variant.detector), "classifiers that move RoIs"


def heads_in(engine: Engine) -> RoIHeads:
    """The second stage of the engine."""
    return next(m for m in cast(nn.Module, engine).modules() if isinstance(m, RoIHeads))


def classifier_in(engine: Engine) -> AnyClassifier:
    """The classifier that stands in the engine, of all stages of boxes."""
    return heads_in(engine).classifier


@contextmanager
def in_place(engine: Engine, classifier: AnyClassifier) -> Iterator[None]:
    """Let another classifier stand in the engine for a while."""
    heads = heads_in(engine)
    before = heads.classifier
    heads.classifier = classifier
    try:
        yield
    finally:
        heads.classifier = before


def latest_of_all(folders: Sequence[Path]) -> list[Latest]:
    """The newest checkpoints of the same step whose digests hold in every folder.

    A crash while several stages are saved leaves some of them a checkpoint ahead: those are passed
    over, and their steps done again.

    Args:
        folders: The checkpoints of each stage.

    Returns:
        Of each stage; all without a path if they have no step in common.
    """
    if len(folders) == 1:
        return [latest_valid(folders[0])]
    names = [{path.name for path in folder.glob("step-*")} for folder in folders]
    faults: list[list[str]] = [[] for _ in folders]
    chosen: str | None = None
    for name in sorted(set.intersection(*names), reverse=True):
        found = [find_damage(folder / name) for folder in folders]
        for of_stage, folder, fault in zip(faults, folders, found, strict=True):
            of_stage.extend([] if fault is None else [f"{folder / name}: {fault}"])
        if not any(found):
            chosen = name
            break
    return [
        Latest(
            None if chosen is None else folder / chosen,
            tuple(of_stage),
            _step(max(own)) - _step(chosen) if own else 0,
        )
        for folder, own, of_stage in zip(folders, names, faults, strict=True)
    ]


def _step(name: str | None) -> int:
    return 0 if name is None else int(name.removeprefix("step-"))
