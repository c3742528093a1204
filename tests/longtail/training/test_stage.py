import json
import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from longtail.config.classifiers import Double, Equalization, Sigmoid
from longtail.config.mixing import CopyPaste, Mosaic
from longtail.config.other_data.ignored import IgnoreBoxes
from longtail.config.other_data.joined import JoinedFile
from longtail.config.stages import Stage, UniformSampler
from longtail.data.joining.also_file import AlsoFile
from longtail.data.lvis.annotations import open_annotations
from longtail.data.sampling.build import images_per_epoch
from longtail.data.synthetic.dataset import Parameters
from longtail.data.synthetic.others import write_others
from longtail.models.category_statistics import CategoryStatistics
from longtail.models.classifiers.build import build_classifier
from longtail.models.classifiers.equalization import protected_categories
from longtail.training.checkpoints import Checkpoint, final_checkpoint, latest_valid, trained_steps
from longtail.training.journal import JOURNAL, read_journal, read_progress
from longtail.training.stage import (
    StageJob,
    StageOutcome,
    train_stage,
)

CPU = torch.device("cpu")
ALL_PARTS = {
    "roi_stages": "htc",
    "mask_head.level": "area_and_ratio",
    "mask_head.loss": "balanced",
    "mask_head.boundary": True,
    "mask_head.scoring": True,
    "mask_head.pooling": "deformable",
    "box_head.pooling": "deformable",
}
"""A detector with every part that its heads may have."""


def _train(
    job: StageJob, should_stop: Callable[[], bool] = lambda: False, seed_noise: int = 0
) -> StageOutcome:
    torch.manual_seed(seed_noise)
    torch.set_num_threads(1)
    return train_stage(job, rank=0, world_size=1, device=CPU, should_stop=should_stop)


def _losses(job: StageJob) -> list[dict[str, float]]:
    varying = ("time", "attempt", "train/images_per_second", "train/peak_memory_bytes")
    lines = read_journal(job.directory / JOURNAL)
    return [{key: line[key] for key in line if key not in varying} for line in lines]


def _final_weights(job: StageJob) -> dict[str, Tensor]:
    return Checkpoint(final_checkpoint(job.directory, 6)).weights()


def _equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


def _elsewhere(job: StageJob, name: str) -> StageJob:
    return replace(job, directory=job.directory.with_name(name))


def _train_and_die(job: StageJob, after_steps: int) -> None:
    calls = count()

    def die() -> bool:
        if next(calls) == after_steps:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    _train(job, should_stop=die)


@pytest.mark.slow
def test_a_killed_run_ends_like_one_that_was_never_killed(job: StageJob, toy_stage: Stage) -> None:
    averaging = toy_stage.replace(ema_decay=0.8)
    job = replace(job, variant=job.variant.replace(stages=(averaging,)))
    _train(job)
    killed = _elsewhere(job, "killed")
    process = multiprocessing.get_context("spawn").Process(target=_train_and_die, args=(killed, 4))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert [line["step"] for line in _losses(killed)] == [1, 2, 3, 4]

    outcome = _train(killed, seed_noise=99)
    assert outcome.finished and outcome.step == 6 and outcome.lost_steps == 0
    attempts = [line["attempt"] for line in read_journal(killed.directory / JOURNAL)]
    assert attempts == [1, 1, 1, 2, 2, 2]
    assert _losses(killed) == _losses(job)
    assert _equal(_final_weights(killed), _final_weights(job))
    learning = [Checkpoint(final_checkpoint(of.directory, 6)).learning() for of in (job, killed)]
    assert learning[0] is not None and learning[1] is not None
    assert _equal(learning[0], learning[1])
    assert not _equal(learning[0], {name: _final_weights(job)[name] for name in learning[0]})


@pytest.mark.parametrize("changes", [{}, ALL_PARTS], ids=["plain", "all parts"])
def test_a_training_that_pauses_ends_like_one_that_did_not(
    job: StageJob, changes: dict[str, Any]
) -> None:
    job = replace(job, variant=job.variant.replace(detector=job.variant.detector.override(changes)))
    _train(job)
    climbing = _elsewhere(job, "climbing")
    for until in (1, 4):
        outcome = _train(replace(climbing, until=until), seed_noise=until)
        assert (outcome.step, outcome.finished) == (until, False)
        assert trained_steps(climbing.directory) == until
    # What it has done already is not done again.
    assert _train(replace(climbing, until=2)).step == 4
    assert _train(climbing, seed_noise=99).finished
    assert _losses(climbing) == _losses(job)
    assert _equal(_final_weights(climbing), _final_weights(job))


@pytest.mark.slow
def test_loader_processes_change_nothing(job: StageJob) -> None:
    _train(job)
    read_ahead = replace(_elsewhere(job, "read_ahead"), loader_processes=2)
    calls = count()
    stopped = _train(read_ahead, should_stop=lambda: next(calls) == 1)
    assert stopped.step == 2 and not stopped.finished
    _train(read_ahead)
    assert _losses(read_ahead) == _losses(job)
    assert _equal(_final_weights(read_ahead), _final_weights(job))


def test_a_flipped_bit_costs_the_steps_since_the_checkpoint_before(
    job: StageJob, caplog: pytest.LogCaptureFixture
) -> None:
    _train(job)
    expected = _final_weights(job)
    damaged = final_checkpoint(job.directory, 6) / "model.pt"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)

    with caplog.at_level(logging.WARNING):
        outcome = _train(job)
    assert outcome.finished and outcome.lost_steps == 3 and len(outcome.skipped_checkpoints) == 1
    assert "3 steps lost" in caplog.text and "SHA-256 of model.pt" in caplog.text
    assert _equal(_final_weights(job), expected)


def test_a_finished_stage_is_left_alone(job: StageJob) -> None:
    first = _train(job)
    journal = (job.directory / JOURNAL).read_bytes()
    assert _train(job) == first
    assert (job.directory / JOURNAL).read_bytes() == journal
    progress = read_progress(job.directory)
    assert progress is not None and progress.iteration == progress.iterations == 6


@pytest.mark.slow
def test_seeds_differ_and_repeat(job: StageJob) -> None:
    weights = []
    for number, seed in enumerate((3, 3, 4)):
        other = replace(_elsewhere(job, str(number)), variant=job.variant.replace(seed=seed))
        _train(other, seed_noise=number)
        weights.append(_final_weights(other))
    assert _equal(weights[0], weights[1])
    assert not _equal(weights[0], weights[2])


@pytest.mark.slow
def test_a_later_stage_trains_only_what_it_should(job: StageJob, toy_stage: Stage) -> None:
    _train(job)
    second = toy_stage.replace(
        classifier=Sigmoid(),
        freeze=("backbone", "neck", "rpn", "box_head", "mask_head"),
        recreate=("classifier",),
    )
    before = _final_weights(job)
    later = replace(
        _elsewhere(job, "second"),
        variant=job.variant.replace(stages=(toy_stage, second)),
        stage=1,
        initial_weights=final_checkpoint(job.directory, 6),
    )
    outcome = _train(later)
    assert outcome.protected_categories == 0
    after = _final_weights(later)
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed == {
        f"roi_heads.{part}.linear.{kind}"
        for part in ("classifier", "box_regressor")
        for kind in ("weight", "bias")
    }


def test_more_images_per_step_than_workers_can_share_is_refused(job: StageJob) -> None:
    with pytest.raises(ValueError, match="images_per_step 4 cannot be shared"):
        train_stage(job, rank=0, world_size=3, device=CPU)
    assert latest_valid(job.checkpoints).path is None


def test_only_the_equalization_loss_protects_categories(job: StageJob, toy_stage: Stage) -> None:
    annotations = open_annotations(job.train_annotations)
    statistics = CategoryStatistics.from_table(
        annotations.categories, annotations.num_annotated_images
    )
    tail = int(np.isin(annotations.categories.frequency, ["r", "c"]).sum())
    assert tail > 0
    for classifier, protected in (
        (toy_stage.classifier, tail),
        (Equalization(tail_frequency=0.999), len(annotations.categories)),
        (Double(second=Equalization()), tail),
        (Double(first=Equalization(), second=Sigmoid()), 0),
        (Sigmoid(), 0),
    ):
        built = build_classifier(classifier, 4, statistics)
        assert protected_categories(built) == protected


@pytest.mark.gpu
def test_a_gpu_trains_in_mixed_precision_and_leaves_weights_for_any_machine(job: StageJob) -> None:
    outcome = train_stage(job, rank=0, world_size=1, device=torch.device("cuda"))
    assert outcome.finished and len(_losses(job)) == 6
    assert all(weight.device == CPU for weight in _final_weights(job).values())
    assert _train(job).finished


def test_the_journal_tells_what_sampler_and_mixes_make_of_each_group(
    job: StageJob, toy_stage: Stage
) -> None:
    annotations = open_annotations(job.train_annotations)
    mixes = (*toy_stage.augmentations, Mosaic(), CopyPaste())
    variant = job.variant.replace(stages=(toy_stage.replace(augmentations=mixes),))
    mixing = replace(job, variant=variant)
    _train(mixing)
    first = json.loads((mixing.directory / JOURNAL).read_text().splitlines()[0])
    told, alone = (
        first["images_per_epoch"],
        images_per_epoch(annotations, UniformSampler(), False, 0),
    )
    assert told == images_per_epoch(annotations, UniformSampler(), False, 0, mixes)
    assert all(told[letter] > 2 * shown for letter, shown in alone.items())


def test_a_stage_learns_from_other_files_and_goes_on_after_a_crash(
    job: StageJob, toy_stage: Stage, toy_data: Path
) -> None:
    write_others(toy_data, Parameters(16, 4, 0, categories=6, size=96, seed=0))
    also = tuple(
        AlsoFile(name, toy_data / f"{name}.json", toy_data / "images")
        for name in ("boxes_only", "all_boxes")
    )
    stage = toy_stage.replace(
        joined=(JoinedFile(file="boxes_only", images_per_epoch=3, loss_weight=0.5),),
        ignore=(IgnoreBoxes(file="all_boxes", weight=0, proposals=True, categories="own"),),
    )
    variant = job.variant.replace(stages=(stage,), external_data=True)
    whole = replace(_elsewhere(job, "whole"), variant=variant, also=also)
    assert _train(whole).finished
    parts = _elsewhere(whole, "parts")
    _train(replace(parts, until=3))
    _train(parts)
    assert _equal(_final_weights(whole), _final_weights(parts))
