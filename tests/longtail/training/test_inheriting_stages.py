"""Stages whose classifier keeps the one of the stage before, trained for real."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Classifier,
    Double,
    SingleClassifier,
    Softmax,
)
from longtail.config.stages import Part
from longtail.training.checkpoints import Checkpoint, final_checkpoint
from longtail.training.stage import StageJob, train_stage
from longtail.training.weights.initial import BOX_HEAD
from longtail.training.weights.initial import CLASSIFIER as C

FROZEN: tuple[Part, ...] = ("backbone", "neck", "rpn", "box_head", "box_regressor", "mask_head")
CASES: list[tuple[SingleClassifier, Classifier, str, int]] = [
    (Softmax(), Calibrated(head="3fc_ft"), "original.", 6),
    (Softmax(), Calibrated(head="2fc_rand"), "original.", 4),
    (BalancedGroupSoftmax(), Double(), "first.", 2),
]
"""Both stages' classifiers, where the second keeps the first, and how many weights learn."""


def _weights(job: StageJob) -> dict[str, Tensor]:
    train_stage(job, rank=0, world_size=1, device=torch.device("cpu"))
    iterations = job.config.schedule.iterations
    return Checkpoint(final_checkpoint(job.directory, iterations)).weights()


def _both_stages(job: StageJob, first: SingleClassifier, second: Classifier) -> list[Any]:
    """The weights after each of two stages of three steps."""
    torch.set_num_threads(1)
    (stage,) = job.variant.stages
    schedule = stage.schedule.replace(iterations=3, warmup_iterations=0)
    early = stage.replace(classifier=first, schedule=schedule)
    late = early.replace(classifier=second, freeze=FROZEN)
    job = replace(job, variant=job.variant.replace(stages=(early, late)))
    before = _weights(job)
    later = replace(
        job,
        stage=1,
        directory=job.directory.with_name("second"),
        initial_weights=final_checkpoint(job.directory, 3),
    )
    return [before, _weights(later)]


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second", "kept", "num_learned"), CASES, ids=str)
def test_only_the_new_half_of_the_classifier_learns(
    job: StageJob, first: SingleClassifier, second: Classifier, kept: str, num_learned: int
) -> None:
    before, after = _both_stages(job, first, second)
    for name, weight in before.items():
        assert torch.equal(after[name.replace(C, C + kept)], weight), name
    learned = [n for n in after if n.startswith(C) and not n.startswith(C + kept)]
    assert len(learned) == num_learned


@pytest.mark.slow
def test_a_copied_head_starts_where_the_box_head_is(job: StageJob) -> None:
    before, after = _both_stages(job, Softmax(), Calibrated(head="3fc_ft"))
    for layer in ("fc1", "fc2"):
        moved = after[f"{C}new.hidden.{layer}.weight"] - before[f"{BOX_HEAD}{layer}.weight"]
        assert 0 < moved.abs().max() < 0.05
