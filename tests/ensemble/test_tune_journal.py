"""Finished trials: in a file that survives a crash, and in MLflow once each."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from rich.console import Console

from ensemble.tune_journal import TrialJournal, best_trial
from ensemble.tune_tracking import TrialPublisher
from longtail.problems import BadInputError


def journal_of(path: Path, *values: float) -> TrialJournal:
    journal = TrialJournal(path)
    for value in values:
        journal.add({"iou_thr": value}, {"AP": value, "rare_margin": 0.1}, 2.5)
    return journal


def test_trials_read_back(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "trials.jsonl", 0.3, 0.4)
    assert TrialJournal(tmp_path / "trials.jsonl").trials == journal.trials
    assert [trial.number for trial in journal.trials] == [0, 1]


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    journal_of(path, 0.3, 0.4)
    path.write_bytes(path.read_bytes()[:-5])
    journal = TrialJournal(path)
    assert [trial.result["AP"] for trial in journal.trials] == [0.3]
    journal.add({}, {"AP": 0.5}, 1.0)
    assert [trial.result["AP"] for trial in TrialJournal(path).trials] == [0.3, 0.5]


def test_other_lines_are_named(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    journal_of(path, 0.3)
    path.write_bytes(path.read_bytes() + b'{"number": "x"}\n')
    with pytest.raises(BadInputError, match="line 2 is no trial"):
        TrialJournal(path)


def test_of_equal_trials_the_first_is_best(tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "trials.jsonl", 0.2, 0.4, 0.4, -1.0)
    assert best_trial(journal.trials, "AP").number == 1


@pytest.mark.slow
def test_every_trial_is_a_child_of_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("LONGTAIL_RUNS", str(tmp_path / "runs"))
    journal = journal_of(tmp_path / "trials.jsonl", 0.3)
    journal.add({"iou_thr": 0.6}, {"AP": -1.0, "problem": "a gap"}, 0.1)
    for _ in range(2):
        publisher = TrialPublisher("d1", "tuned", "tune-test", Console())
        publisher.publish(journal.trials, "RUNNING")
        publisher.publish(journal.trials, "FINISHED", [journal.path])
    client = MlflowClient(f"sqlite:///{tmp_path / 'runs' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("tune-test")
    runs = client.search_runs([experiment.experiment_id])
    (parent,) = (run for run in runs if run.info.run_name == "tuned")
    children = {run.info.run_name: run for run in runs if run is not parent}
    assert set(children) == {"trial 0", "trial 1"}
    for run in children.values():
        assert run.data.tags["mlflow.parentRunId"] == parent.info.run_id
    good, bad = children["trial 0"], children["trial 1"]
    assert good.data.metrics["tune/AP"] == pytest.approx(30)
    assert good.data.params["iou_thr"] == "0.3"
    assert len(client.get_metric_history(good.info.run_id, "tune/AP")) == 1
    assert (bad.info.status, bad.data.tags["longtail.error"]) == ("FAILED", "a gap")
    assert "tune/AP" not in bad.data.metrics
    assert [file.path for file in client.list_artifacts(parent.info.run_id)] == ["trials.jsonl"]


def test_mlflow_being_away_costs_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    journal = journal_of(tmp_path / "trials.jsonl", 0.3)
    publisher = TrialPublisher("d1", "tuned", "tune-test", Console(stderr=True))
    publisher.publish(journal.trials, "RUNNING")
    publisher.publish(journal.trials, "FINISHED")
    assert capsys.readouterr().err.count("warning: MLflow does not have") == 1
