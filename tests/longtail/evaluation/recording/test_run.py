"""An evaluation of a result file in MLflow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from support.commands.in_process import exit_code

from longtail.commands import ExitCode
from longtail.evaluation.__main__ import main
from longtail.evaluation.lvis import evaluate

Record = dict[str, Any]
MakeProblem = Callable[..., tuple[Record, list[Record]]]
Write = Callable[[Record, list[Record]], tuple[Path, Path]]


@pytest.fixture
def paths(
    make_problem: MakeProblem, write: Write, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return write(*make_problem(1))


def record(paths: tuple[Path, Path], runs: Path, *words: str) -> int:
    options = ("--experiment", "mine", "--runs", str(runs), "--bootstrap", "20")
    return exit_code(main, *map(str, paths), *options, *words)


def recorded(runs: Path, experiment: str = "mine") -> list[Run]:
    client = MlflowClient(f"sqlite:///{runs}/mlflow.db")
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    query = "tags.`longtail.kind` = 'evaluation'"
    return list(client.search_runs([found.experiment_id], query))


@pytest.mark.slow
def test_a_result_is_recorded_once_under_the_names_of_rows(
    paths: tuple[Path, Path], tmp_path: Path
) -> None:
    for _ in range(2):
        assert record(paths, tmp_path / "runs", "--row", "old") == ExitCode.DONE
    (run,) = recorded(tmp_path / "runs")
    assert run.info.run_name == run.data.tags["longtail.variant"] == "old"
    assert run.data.tags["longtail.row"] == "result" and run.info.status == "FINISHED"
    for name, points in evaluate(*paths).metrics().items():
        assert run.data.metrics[name] == points
    low, high = run.data.metrics["val/AP_low"], run.data.metrics["val/AP_high"]
    assert low <= run.data.metrics["val/AP"] <= high
    assert run.data.params == {"max_dets": "300", "resamples": "20"}
    client = MlflowClient(f"sqlite:///{tmp_path}/runs/mlflow.db")
    files = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert files == {"evaluation.json", "diagnosis.json", "per_category.csv"}


@pytest.mark.slow
def test_a_result_is_told_by_its_content_and_takes_the_name_it_got_last(
    paths: tuple[Path, Path], tmp_path: Path
) -> None:
    annotations, predictions = paths
    runs = tmp_path / "runs"
    assert record(paths, runs) == ExitCode.DONE
    assert [run.info.run_name for run in recorded(runs)] == [predictions.stem]
    moved = predictions.rename(tmp_path / "moved.json")
    assert record((annotations, moved), runs) == ExitCode.DONE
    assert [run.info.run_name for run in recorded(runs)] == ["moved"]
    moved.write_text(moved.read_text() + "\n")
    assert record((annotations, moved), runs) == ExitCode.DONE
    assert len(recorded(runs)) == 2


@pytest.mark.slow
def test_mlflow_being_away_is_a_warning(
    paths: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert record(paths, tmp_path / "runs") == ExitCode.DONE
    assert "MLflow does not have this evaluation" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--row", "old"), "--row: names a run in MLflow; give --experiment, too"),
        (("--experiment", " "), "give the name of an MLflow experiment"),
        (
            ("--experiment", "x", "--shard", "1/2", "--part", "1.npz"),
            "--experiment: a shard is no evaluation",
        ),
    ],
)
def test_what_cannot_be_recorded_is_refused_at_once(
    words: tuple[str, ...],
    text: str,
    paths: tuple[Path, Path],
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert exit_code(main, *map(str, paths), *words) == ExitCode.USAGE
    assert text in capfd.readouterr().err
