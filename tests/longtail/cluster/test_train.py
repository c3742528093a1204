"""What becomes of trainings whose pass fails; in Ray's place a function fails on demand."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from ray.train import TrainingFailedError

from longtail.cluster import train
from longtail.cluster.settings import WorkerResources
from longtail.config.variant import Variant
from longtail.training.job import StageJob
from longtail.training.loop import TrainingDivergedError

ONE_WORKER = WorkerResources(1, 1.0, 0.0)


def jobs_in(folder: Path) -> list[StageJob]:
    jobs = []
    for name in ("a", "b", "c"):
        (folder / name).mkdir()
        jobs.append(StageJob(Variant(), 0, folder, folder, folder / name, None, 0))
    return jobs


def names(jobs: Sequence[StageJob]) -> list[str]:
    return [job.directory.name for job in jobs]


def test_a_pass_that_fails_as_a_whole_is_done_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    passes: list[list[str]] = []

    def fit(jobs: Sequence[StageJob], *_: object) -> None:
        passes.append(names(jobs))
        if len(jobs) > 1 or names(jobs) == ["b"]:
            raise TrainingFailedError("out of memory")

    monkeypatch.setattr(train, "_train", fit)
    ends = train.train_nodes(jobs_in(tmp_path), ONE_WORKER, tmp_path)
    assert passes == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert [type(end) for end in ends] == [type(None), TrainingFailedError, type(None)]
    assert "a pass of 3 trainings failed, each is done alone: out of memory" in caplog.text


def test_one_that_diverges_is_told_by_its_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(jobs: Sequence[StageJob], *_: object) -> None:
        jobs[1].divergence.write_text("training diverged at step 3")

    monkeypatch.setattr(train, "_train", fit)
    ends = train.train_nodes(jobs_in(tmp_path), ONE_WORKER, tmp_path)
    assert ends[0] is None and ends[2] is None
    assert isinstance(ends[1], TrainingDivergedError) and "step 3" in str(ends[1])
