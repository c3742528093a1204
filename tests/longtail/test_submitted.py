"""What a submitted job cannot find, or would lose, is refused."""

from pathlib import Path

import pytest

from longtail.submitted import check_submitted


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of a job, with what its environment has."""
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_relative_files_that_were_not_sent_are_refused(job: Path) -> None:
    with pytest.raises(ValueError, match=r"--train data/train.json: not among the files .* absolu"):
        check_submitted({"--train": Path("data/train.json")}, {})


def test_relative_files_that_were_sent_and_absolute_ones_are_taken(job: Path) -> None:
    (job / "train.json").write_text("{}")
    (job / "part-0.json").write_text("[]")
    reads = {"--train": Path("train.json"), "--pred": Path("part-*.json"), "--val": Path("/no/v")}
    check_submitted(reads, {"--out": Path("/shared/out")})


def test_what_is_written_into_the_jobs_folder_is_refused(job: Path) -> None:
    with pytest.raises(ValueError, match="--out out: a submitted job runs in a folder that is thr"):
        check_submitted({}, {"--out": Path("out")})


def test_elsewhere_relative_paths_are_what_they_seem(tmp_path: Path) -> None:
    check_submitted({"--train": Path("no/train.json")}, {"--out": Path("out")})
