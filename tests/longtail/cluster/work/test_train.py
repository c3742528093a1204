"""What becomes of trainings whose pass fails; a function in the workers' place fails on demand."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from longtail.cluster.pool.tasks import TaskFailedError, Work
from longtail.cluster.work.train import train_nodes
from longtail.config.variant import Variant
from longtail.training.job import StageJob
from longtail.training.loop import TrainingDivergedError


def jobs_in(folder: Path) -> list[StageJob]:
    jobs = []
    for name in ("a", "b", "c"):
        (folder / name).mkdir()
        jobs.append(StageJob(Variant(), 0, folder, folder, folder / name, None, 0))
    return jobs


def jobs_of(work: Work) -> Sequence[StageJob]:
    assert isinstance(work, partial)
    directories, on_worker = work.args
    jobs: Sequence[StageJob] = on_worker.args[0]
    assert list(directories) == [job.directory for job in jobs]
    return jobs


def test_a_pass_that_fails_as_a_whole_is_done_one_by_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    passes: list[list[str]] = []

    def run(work: Work) -> None:
        names = [job.directory.name for job in jobs_of(work)]
        passes.append(names)
        if len(names) > 1 or names == ["b"]:
            raise TaskFailedError("out of memory")

    ends = train_nodes(jobs_in(tmp_path), run)
    assert passes == [["a", "b", "c"], ["a"], ["b"], ["c"]]
    assert [type(end) for end in ends] == [type(None), TaskFailedError, type(None)]
    assert "a pass of 3 trainings failed, each is done alone: out of memory" in caplog.text


def test_one_that_diverges_is_told_by_its_note(tmp_path: Path) -> None:
    def run(work: Work) -> None:
        jobs_of(work)[1].divergence.write_text("training diverged at step 3")

    ends = train_nodes(jobs_in(tmp_path), run)
    assert ends[0] is None and ends[2] is None
    assert isinstance(ends[1], TrainingDivergedError) and "step 3" in str(ends[1])
