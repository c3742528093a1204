"""Telemetry of whole trainings: whatever cuts them off, every step is counted once."""

import multiprocessing
import os
import signal
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
import torch

from longtail.config.classifiers import Equalization
from longtail.config.stages import Stage
from longtail.training.checkpoints import final_checkpoint
from longtail.training.stage import StageJob, train_stage
from longtail.training.telemetry_files import FOLDER, TrainingTelemetry, read_telemetry

CPU = torch.device("cpu")


def _train(job: StageJob, stop_after: int | None = None, kill: bool = False) -> TrainingTelemetry:
    torch.set_num_threads(1)
    calls = count(1)

    def stop() -> bool:
        if next(calls) != stop_after:
            return False
        if kill:
            os.kill(os.getpid(), signal.SIGKILL)
        return True

    train_stage(job, rank=0, world_size=1, device=CPU, should_stop=stop)
    return read_telemetry(job.directory)


def _files(job: StageJob) -> list[str]:
    return sorted(path.name for path in (job.directory / FOLDER).iterdir())


def _assert_same(first: TrainingTelemetry, second: TrainingTelemetry) -> None:
    assert (first.first_step, first.last_step) == (second.first_step, second.last_step) == (0, 6)
    for name, value in vars(first.window).items():
        assert np.asarray(value) == pytest.approx(np.asarray(getattr(second.window, name)))


def test_a_training_leaves_a_file_at_each_checkpoint(job: StageJob, toy_stage: Stage) -> None:
    spared = toy_stage.replace(classifier=Equalization(form="cvpr"))
    found = _train(replace(job, variant=job.variant.replace(stages=(spared,))))
    assert _files(job) == ["step-00000003.npz", "step-00000006.npz"]
    window, is_tail = found.window, found.frequency != "f"
    # Six steps of four images with at most 16 RoIs each.
    assert window.steps == 6 and 0 < window.rois <= 6 * 4 * 16
    assert (window.valid_positives == window.positives).all() and window.positives.any()
    valid = window.valid_foreground_negatives
    assert is_tail.any() and not valid[is_tail].any()
    assert (valid == window.foreground_negatives)[~is_tail].all()
    assert (window.valid_background_negatives == window.background_negatives).all()


@pytest.mark.slow
def test_a_stopped_training_counts_every_step_once(job: StageJob) -> None:
    whole = _train(job)
    stopped = replace(job, directory=job.directory.with_name("stopped"))
    assert _train(stopped, stop_after=2).last_step == 2
    _assert_same(_train(stopped), whole)
    assert _files(stopped) == [f"step-0000000{step}.npz" for step in (2, 3, 6)]


@pytest.mark.slow
def test_a_killed_training_counts_every_step_once(job: StageJob) -> None:
    whole = _train(job)
    killed = replace(job, directory=job.directory.with_name("killed"))
    process = multiprocessing.get_context("spawn").Process(target=_train, args=(killed, 5, True))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert _files(killed) == ["step-00000003.npz"]
    _assert_same(_train(killed), whole)


@pytest.mark.slow
def test_steps_done_again_are_not_counted_twice(job: StageJob) -> None:
    whole = _train(job)
    damaged = final_checkpoint(job.directory, 6) / "model.pt"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    _assert_same(_train(job), whole)
