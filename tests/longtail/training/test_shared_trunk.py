"""Stages trained in one pass end as each would have ended by itself: byte for byte, on one CPU."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from support.every_classifier import single_classifiers
from support.on_ray.two_workers import on_each_of_two
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from longtail.config.classifiers import (
    BalancedGroupSoftmax,
    Calibrated,
    Classifier,
    Double,
    Softmax,
)
from longtail.config.stages import SGD, AdamW, Part, Stage
from longtail.data.loading.sample import Sample
from longtail.training.checkpoints import final_checkpoint, latest_valid, trained_steps
from longtail.training.job import StageJob, StageOutcome
from longtail.training.journal import JOURNAL, read_journal
from longtail.training.loop import TrainingDivergedError
from longtail.training.shared_trunk import check_one_pass, latest_of_all
from longtail.training.stage import train_stage, train_stages
from longtail.training.telemetry_files import read_telemetry

CPU = torch.device("cpu")
TRUNK = tuple(part for part in get_args(Part) if part != "classifier")
UNLIKE = ("train/images_per_second", "train/peak_memory_bytes")
VARYING = ("time", "attempt", *UNLIKE, "shared_trunk", "sha256")

CLASSIFIERS: dict[str, Classifier] = {
    **single_classifiers(),
    "double": Double(first=Softmax(), second=BalancedGroupSoftmax(others_per_member=1)),
    "3fc_ft": Calibrated(),
    "2fc_rand": Calibrated(head="2fc_rand"),
}
INHERITING = ("double", "3fc_ft", "2fc_rand")
QUICK = ("bags", "federated")


@pytest.fixture
def first_stage(job: StageJob, toy_stage: Stage) -> StageJob:
    """A finished stage with a softmax classifier."""
    variant = job.variant.replace(stages=(toy_stage.replace(classifier=Softmax()),))
    first = replace(job, variant=variant)
    train_stage(first, rank=0, world_size=1, device=CPU)
    return first


def second_stage(first: StageJob, name: str, folder: str) -> StageJob:
    """The job of a second stage that trains one of `CLASSIFIERS` over the frozen trunk."""
    number = list(CLASSIFIERS).index(name)
    stage = first.config.replace(
        classifier=CLASSIFIERS[name],
        freeze=TRUNK,
        recreate=() if name in INHERITING else ("classifier",),
        optimizer=SGD(base_lr=0.01 * (number + 1)) if number % 2 else AdamW(base_lr=1e-3),
        clip_gradient_norm=0.1 if number % 3 else None,
    )
    return replace(
        first,
        variant=first.variant.replace(stages=(first.config, stage)),
        stage=1,
        directory=first.directory.with_name(folder) / name,
        initial_weights=final_checkpoint(first.directory, 6),
    )


def train(
    jobs: Sequence[StageJob],
    should_stop: Callable[[], bool] = lambda: False,
    wrap: Callable[[nn.Module], nn.Module] = lambda model: model,
    rank: int = 0,
    world_size: int = 1,
) -> list[StageOutcome]:
    torch.set_num_threads(1)
    torch.manual_seed(99)
    size = {"rank": rank, "world_size": world_size, "device": CPU}
    return train_stages(jobs, should_stop=should_stop, wrap=wrap, **size)  # type: ignore[arg-type]


def left_by(job: StageJob) -> dict[str, Any]:
    """All that a stage left, without what tells the time."""
    final = final_checkpoint(job.directory, 6)
    lines = [json.loads(line) for line in (job.directory / JOURNAL).read_text().splitlines()]
    window = read_telemetry(job.directory).window
    return {
        **{file.name: file.read_bytes() for file in final.iterdir()},
        "start": {key: value for key, value in lines[0].items() if key not in VARYING},
        "journal": [
            {key: line[key] for key in line if key not in VARYING}
            for line in read_journal(job.directory / JOURNAL)
        ],
        "telemetry": {key: getattr(window, key).tolist() for key in ("positives", "scores")},
    }


def assert_left_alike(first: StageJob, second: StageJob) -> None:
    one, other = left_by(first), left_by(second)
    assert [key for key in {*one, *other} if one.get(key) != other.get(key)] == []


def pass_of(first: StageJob, names: Sequence[str], folder: str = "together") -> list[StageJob]:
    return [second_stage(first, name, folder) for name in names]


def trained_alone(first: StageJob, names: Sequence[str]) -> list[StageJob]:
    jobs = pass_of(first, names, "alone")
    for job in jobs:
        train([job])
    return jobs


@pytest.mark.slow
def test_every_classifier_ends_as_it_would_alone(first_stage: StageJob) -> None:
    together = pass_of(first_stage, list(CLASSIFIERS))
    assert all(outcome.finished and outcome.step == 6 for outcome in train(together))
    for job, alone in zip(together, trained_alone(first_stage, list(CLASSIFIERS)), strict=True):
        assert_left_alike(job, alone)
    start = json.loads((together[0].directory / JOURNAL).read_text().splitlines()[0])
    assert start["shared_trunk"] == 10 and len(start["frozen_sha256"]) == 64


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{"engine": "detectron2"}, {"roi_stages": "htc"}], ids=str)
def test_trunks_of_other_detectors_are_shared_too(
    job: StageJob, toy_stage: Stage, changes: dict[str, Any]
) -> None:
    if "engine" in changes:
        pytest.importorskip("detectron2")
    first = replace(
        job,
        variant=job.variant.replace(
            detector=job.variant.detector.override(changes),
            stages=(toy_stage.replace(classifier=Softmax()),),
        ),
    )
    train_stage(first, rank=0, world_size=1, device=CPU)
    names = ("bags", "3fc_ft")
    together = pass_of(first, names)
    train(together)
    for one, alone in zip(together, trained_alone(first, names), strict=True):
        assert_left_alike(one, alone)


def averaging(job: StageJob, decay: float) -> StageJob:
    stages = (job.variant.stages[0], job.config.replace(ema_decay=decay))
    return replace(job, variant=job.variant.replace(stages=stages))


@pytest.mark.slow
def test_each_averages_its_own_weights_or_none(first_stage: StageJob) -> None:
    together, alone = (
        [one, averaging(other, 0.9), averaging(third, 0.5)]
        for one, other, third in (
            pass_of(first_stage, ("bags", "federated", "3fc_ft"), folder)
            for folder in ("together", "alone")
        )
    )
    calls = count()
    train(together, should_stop=lambda: next(calls) == 3)
    train(together)
    for job, other in zip(together, alone, strict=True):
        train([other])
        assert_left_alike(job, other)
    assert "learning.pt" not in left_by(together[0])
    assert {"learning.pt", "model.pt"} <= left_by(together[1]).keys()


@pytest.mark.slow
def test_the_order_of_the_classifiers_changes_nothing(first_stage: StageJob) -> None:
    there, back = pass_of(first_stage, QUICK, "there"), pass_of(first_stage, QUICK, "back")
    train(there)
    train(back[::-1])
    for one, other in zip(there, back, strict=True):
        assert_left_alike(one, other)


@pytest.mark.slow
def test_classifiers_that_miss_features_miss_those_they_would_alone(first_stage: StageJob) -> None:
    plain, dropping = pass_of(first_stage, QUICK, "plain"), pass_of(first_stage, QUICK)
    dropping = [_with_dropout(job) for job in dropping]
    alone = [_with_dropout(job) for job in pass_of(first_stage, QUICK, "alone")]
    for jobs in (plain, dropping, *([job] for job in alone)):
        train(jobs)
    for one, other, without in zip(dropping, alone, plain, strict=True):
        assert_left_alike(one, other)
        assert left_by(one)["model.pt"] != left_by(without)["model.pt"]


def _with_dropout(job: StageJob) -> StageJob:
    first, second = job.variant.stages
    stages = (first, second.replace(classifier_dropout=0.3))
    return replace(job, variant=job.variant.replace(stages=stages))


@pytest.mark.slow
def test_a_pass_that_is_cut_off_goes_on_from_what_all_have(first_stage: StageJob) -> None:
    alone = trained_alone(first_stage, QUICK)
    together = pass_of(first_stage, QUICK)
    calls = count()
    stopped = train(together, should_stop=lambda: next(calls) == 3)
    assert [outcome.step for outcome in stopped] == [4, 4]
    # As if the crash had come between the two checkpoints of step 4.
    ahead = together[1].checkpoints / "step-00000004"
    for file in ahead.iterdir():
        file.unlink()
    ahead.rmdir()
    outcomes = train(together)
    assert [outcome.lost_steps for outcome in outcomes] == [1, 0]
    for job, other in zip(together, alone, strict=True):
        assert_left_alike(job, other)


def test_a_pass_may_pause_and_go_on_with_some_of_its_members(first_stage: StageJob) -> None:
    alone = trained_alone(first_stage, QUICK)
    together = pass_of(first_stage, QUICK)
    paused = train([replace(job, until=3) for job in together])
    assert [outcome.step for outcome in paused] == [3, 3]
    train(together[1:])
    assert [trained_steps(job.directory) for job in together] == [3, 6]
    assert_left_alike(together[1], alone[1])


def test_a_finished_pass_is_left_alone(first_stage: StageJob) -> None:
    together = pass_of(first_stage, QUICK)
    train(together)
    journals = [(job.directory / JOURNAL).read_bytes() for job in together]
    assert all(outcome.finished for outcome in train(together))
    assert [(job.directory / JOURNAL).read_bytes() for job in together] == journals


@pytest.mark.slow
@pytest.mark.parametrize("first_steps", [3, 6])
def test_a_stage_that_is_further_than_the_others_starts_anew_with_them(
    first_stage: StageJob, first_steps: int
) -> None:
    together = pass_of(first_stage, QUICK)
    calls = count(1)
    train(together[:1], should_stop=lambda: next(calls) == first_steps)
    outcomes = train(together)
    assert [outcome.lost_steps for outcome in outcomes] == [first_steps, 0]
    for job, alone in zip(together, trained_alone(first_stage, QUICK), strict=True):
        assert_left_alike(job, alone)


def diverging(job: StageJob) -> StageJob:
    stage = job.config.replace(optimizer=SGD(base_lr=1e30), clip_gradient_norm=None)
    return replace(job, variant=job.variant.replace(stages=(job.variant.stages[0], stage)))


@pytest.mark.slow
def test_one_that_diverges_stops_alone(first_stage: StageJob) -> None:
    one, bad, other = pass_of(first_stage, ("sigmoid", "softmax", "bags"))
    bad = diverging(bad)
    outcomes = train([one, bad, other])
    assert [outcome.finished for outcome in outcomes] == [True, False, True]
    text = outcomes[1].diverged or ""
    assert text.startswith("training diverged at step ") and "base_lr" in text
    assert bad.divergence.read_text() == text
    for job, alone in zip(
        (one, other), trained_alone(first_stage, ("sigmoid", "bags")), strict=True
    ):
        assert_left_alike(job, alone)
    lone = replace(bad, directory=bad.directory.with_name("lone"))
    with pytest.raises(TrainingDivergedError) as error:
        train_stage(lone, rank=0, world_size=1, device=CPU)
    assert str(error.value) == text
    lines = [read_journal(job.directory / JOURNAL) for job in (bad, lone)]
    assert [line["train/loss"] for line in lines[0]] == [line["train/loss"] for line in lines[1]]


@pytest.mark.slow
def test_one_that_diverged_does_not_hold_the_others_back_after_a_crash(
    first_stage: StageJob,
) -> None:
    one, bad = pass_of(first_stage, QUICK)
    jobs = [one, diverging(bad)]
    calls = count(1)
    train(jobs, should_stop=lambda: next(calls) == 5)
    assert latest_valid(jobs[1].checkpoints).path != latest_valid(one.checkpoints).path
    outcomes = train(jobs)
    assert [outcome.finished for outcome in outcomes] == [True, False]
    assert outcomes[0].lost_steps == 0 and outcomes[1].diverged
    assert_left_alike(one, trained_alone(first_stage, QUICK)[0])


def test_a_pass_of_which_all_diverge_ends(first_stage: StageJob) -> None:
    jobs = [diverging(job) for job in pass_of(first_stage, ("softmax", "sigmoid"))]
    assert all(outcome.diverged for outcome in train(jobs))
    assert all(outcome.diverged for outcome in train(jobs))


class Poisoned(nn.Module):
    """Makes the losses of one learner NaN at the first step that all ranks see."""

    def __init__(self, model: nn.Module, learner: int) -> None:
        super().__init__()
        self.model = model
        self.learner = learner

    def forward(self, samples: Sequence[Sample]) -> dict[str, Tensor]:
        losses: dict[str, Tensor] = self.model(samples)
        factors = torch.ones_like(losses["classification"])
        factors[self.learner] = math.nan
        return {**losses, "classification": losses["classification"] * factors}


def _train_on_two(
    passes: Sequence[Sequence[StageJob]], poisoned: int | None, rank: int
) -> list[str | None]:
    """Train one pass after the other; on rank 1 the first has a poisoned learner."""
    notes = []
    for number, jobs in enumerate(passes):
        bad = poisoned if rank == 1 and number == 0 else None
        outcomes = train(jobs, wrap=partial(_distributed, bad), rank=rank, world_size=2)
        notes += [outcome.diverged for outcome in outcomes]
    return notes


def _distributed(poisoned: int | None, model: nn.Module) -> nn.Module:
    whole = model if poisoned is None else Poisoned(model, poisoned)
    return DistributedDataParallel(whole)


@pytest.mark.slow
def test_two_workers_train_each_as_two_workers_would_train_it_alone(
    first_stage: StageJob, tmp_path: Path
) -> None:
    together = pass_of(first_stage, list(CLASSIFIERS))
    alone = pass_of(first_stage, list(CLASSIFIERS), "alone")
    passes = [together, *([job] for job in alone)]
    notes = on_each_of_two(partial(_train_on_two, passes, None), tmp_path)
    assert set(notes[0] + notes[1]) == {None}
    for one, other in zip(together, alone, strict=True):
        assert_left_alike(one, other)


@pytest.mark.slow
def test_a_bad_loss_on_one_worker_stops_that_learner_on_both(
    first_stage: StageJob, tmp_path: Path
) -> None:
    together = pass_of(first_stage, QUICK)
    alone = pass_of(first_stage, QUICK, "alone")
    notes = on_each_of_two(partial(_train_on_two, [together, alone[:1]], 1), tmp_path)
    assert notes[0] == notes[1]
    fine, note, other = notes[0]
    assert fine is None and other is None
    assert note.startswith("training diverged at step 0")
    assert_left_alike(together[0], alone[0])


def test_stages_of_other_trunks_are_refused(first_stage: StageJob) -> None:
    one, other = pass_of(first_stage, QUICK)
    check_one_pass([one, other])
    elsewhere = replace(other, variant=other.variant.replace(seed=9))
    with pytest.raises(AssertionError, match="other weights or data"):
        check_one_pass([one, elsewhere])
    stage = other.config.replace(freeze=TRUNK[1:])
    learning = replace(other, variant=other.variant.replace(stages=(first_stage.config, stage)))
    check_one_pass([learning])
    with pytest.raises(AssertionError, match="other trunks"):
        check_one_pass([one, learning])


def _checkpoints(folder: Path, steps: Sequence[int], damaged: Sequence[int] = ()) -> Path:
    from longtail.training.checkpoints import TrainingState, save_checkpoint

    for step in steps:
        state = TrainingState(step, 0, 0, (1,), (1,), (1,), {})
        save_checkpoint(folder, {"w": torch.zeros(1)}, {}, state)
    for step in damaged:
        (folder / f"step-{step:08d}" / "model.pt").write_bytes(b"")
    return folder


@pytest.mark.parametrize(
    ("first", "second", "step", "lost"),
    [
        (([3, 6], []), ([3, 6], []), 6, (0, 0)),
        (([3, 6], []), ([3], []), 3, (3, 0)),
        (([3, 6], [6]), ([3, 6], []), 3, (3, 3)),
        (([3, 6], []), ([6, 9], []), 6, (0, 3)),
        (([3, 6], []), ([], []), None, (6, 0)),
        (([3], [3]), ([3], []), None, (3, 3)),
    ],
)
def test_the_latest_of_all_is_the_newest_step_that_holds_everywhere(
    first: tuple[list[int], list[int]],
    second: tuple[list[int], list[int]],
    step: int | None,
    lost: tuple[int, int],
    tmp_path: Path,
) -> None:
    folders = [_checkpoints(tmp_path / "a", *first), _checkpoints(tmp_path / "b", *second)]
    latest = latest_of_all(folders)
    name = None if step is None else f"step-{step:08d}"
    assert [found.path and found.path.name for found in latest] == [name, name]
    assert tuple(found.lost_steps for found in latest) == lost
    assert [len(found.skipped) for found in latest] == [len(first[1]), len(second[1])]
