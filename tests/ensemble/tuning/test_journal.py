"""Finished trials: in a file that survives a crash, and in MLflow once each."""

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from rich.console import Console

from ensemble.outputs.recording_place import RecordingPlace
from ensemble.tuning.journal import MARGIN_TRIALS, TrialJournal
from ensemble.tuning.objective.trial import MARGINS
from ensemble.tuning.tracking import TrialPublisher
from longtail.problems import BadInputError
from longtail.sealed import seal
from longtail.search.journal import TRIALS

OF_BEFORE = {
    TRIALS: """\
{"number":0,"time":1796029844.5432508,"seconds":2.5,"point":{"iou_thr":0.5,"method":"nms"},"result":{"AP":0.31,"APr":0.12,"rare_margin":0.1,"common_margin":0.05},"sha256": "c2c6c348a9c43b11ebc9cf69b3d27326064c61b18423d409dc08347f1f6e006e"}
{"number":1,"time":1796029844.5433817,"seconds":0.5,"point":{"iou_thr":0.6,"method":"wbf"},"result":{"AP":-1.0,"problem":"a gap"},"sha256": "921a7202c972d54938616c0fc5699b2bceffbd9089ac22a1cbbe930693eb258a"}
""",  # noqa: E501
    MARGIN_TRIALS: """\
{"rare":[0.0,0.1],"common":[0.0,0.05],"cell":[0.0,0.05],"metrics":{"AP":[0.3,0.31],"APr":[0.1,0.12]},"sha256": "838b564f836aa94a08d90ff69e2b0a489c823dd129a847f17afbb0997c633bdf"}
{"rare":[],"common":[],"cell":[],"metrics":{},"sha256": "0d2a6dc1954e010ee192b41e1c6aa77e28188a7788e93d101e67322ba9bb9df8"}
""",  # noqa: E501
}
"""The two files of a search as an earlier version wrote them."""


def tried(*values: float) -> dict[str, Any]:
    """Margins with their AP, as a trial hands them over."""
    metrics = {name: list(values) for name in ("AP", "APr", "APc", "APf")}
    same = [0.1] * len(values)
    return {"rare": same, "common": same, "cell": same, "metrics": metrics}


def journal_of(folder: Path, *values: float) -> TrialJournal:
    journal = TrialJournal(folder)
    for value in values:
        result = {"AP": value, "rare_margin": 0.1, MARGINS: tried(value, value / 2)}
        journal.add({"iou_thr": value}, result, 2.5)
    return journal


def test_trials_read_back(tmp_path: Path) -> None:
    journal, again = journal_of(tmp_path, 0.3, 0.4), TrialJournal(tmp_path)
    assert again.trials == journal.trials and again.margins == journal.margins
    assert [trial.number for trial in journal.trials] == [0, 1]
    assert journal.margins[1].metrics_at(1)["AP"] == 0.2
    assert MARGINS not in journal.trials[0].result


def test_a_line_that_was_cut_off_is_dropped(tmp_path: Path) -> None:
    journal_of(tmp_path, 0.3, 0.4)
    path = tmp_path / TRIALS
    path.write_bytes(path.read_bytes()[:-5])
    journal = TrialJournal(tmp_path)
    assert [trial.result["AP"] for trial in journal.trials] == [0.3]
    # The margins of the lost trial are not taken for those of the next.
    assert [margins.metrics["AP"] for margins in journal.margins] == [[0.3, 0.15]]
    journal.add({}, {"AP": 0.5, MARGINS: tried(0.5)}, 1.0)
    again = TrialJournal(tmp_path)
    assert [trial.result["AP"] for trial in again.trials] == [0.3, 0.5]
    assert [margins.metrics["AP"] for margins in again.margins] == [[0.3, 0.15], [0.5]]


def test_a_trial_that_failed_has_no_margins(tmp_path: Path) -> None:
    TrialJournal(tmp_path).add({}, {"AP": -1.0, "problem": "a gap"}, 1.0)
    assert [len(margins) for margins in TrialJournal(tmp_path).margins] == [0]


def test_other_lines_are_named(tmp_path: Path) -> None:
    journal_of(tmp_path, 0.3)
    path = tmp_path / TRIALS
    path.write_bytes(path.read_bytes() + seal(b'{"number": "x"}') + b"\n")
    with pytest.raises(BadInputError, match="line 2 is no trial"):
        TrialJournal(tmp_path)


def test_margins_that_are_lost_are_named(tmp_path: Path) -> None:
    journal_of(tmp_path, 0.3, 0.4)
    (tmp_path / MARGIN_TRIALS).unlink()
    with pytest.raises(BadInputError, match="the margins of 0 of 2 trials"):
        TrialJournal(tmp_path)


def test_files_of_an_earlier_version_go_on(tmp_path: Path) -> None:
    for name, text in OF_BEFORE.items():
        (tmp_path / name).write_text(text)
    journal = TrialJournal(tmp_path)
    assert [trial.point["method"] for trial in journal.trials] == ["nms", "wbf"]
    assert [len(margins) for margins in journal.margins] == [2, 0]
    assert journal.margins[0].metrics_at(1) == {"AP": 0.31, "APr": 0.12}
    third = journal.add({"iou_thr": 0.7}, {"AP": 0.2, MARGINS: tried(0.2)}, 1.0)
    assert third.number == 2
    for name, text in OF_BEFORE.items():
        assert (tmp_path / name).read_text().startswith(text)
    assert TrialJournal(tmp_path).trials == journal.trials


def place_in(tmp_path: Path) -> RecordingPlace:
    return RecordingPlace("tune-test", tmp_path / "runs")


@pytest.mark.slow
def test_every_trial_is_a_child_of_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    journal = journal_of(tmp_path, 0.3)
    journal.add({"iou_thr": 0.6}, {"AP": -1.0, "problem": "a gap"}, 0.1)
    for _ in range(2):
        publisher = TrialPublisher("d1", "tuned", place_in(tmp_path), Console())
        publisher.publish(journal.trials, "RUNNING")
        files = [(tmp_path / TRIALS, ""), (tmp_path / MARGIN_TRIALS, "pareto/00")]
        publisher.publish(journal.trials, "FINISHED", files)
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
    listed = [file.path for file in client.list_artifacts(parent.info.run_id)]
    assert listed == ["pareto", "trials.jsonl"]


@pytest.mark.slow
def test_rows_of_the_other_half_have_the_names_of_rows_of_a_grid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    interval = {"value": 0.3, "low": 0.25, "high": 0.35, "standard_error": 0.02}
    row = {"AP": 0.3, "APr": -1.0, "AP_fixed": 0.31, "intervals": {"AP": interval}}
    for _ in range(2):
        publisher = TrialPublisher("d1", "mine", place_in(tmp_path), Console())
        publisher.publish_rows({"tuned": row, "pareto/01": {**row, "AP": 0.29}}, 24)
    client = MlflowClient(f"sqlite:///{tmp_path / 'runs' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("tune-test")
    query = "tags.`longtail.kind` = 'evaluation'"
    runs = client.search_runs([experiment.experiment_id], query)
    found = {run.info.run_name: run.data for run in runs}
    assert set(found) == {"mine: tuned", "mine: pareto/01"} and len(runs) == 2
    expected = {"val/AP": 30.0, "val_fixed/AP": 31.0, "val/AP_low": 25.0, "val/AP_high": 35.0}
    assert found["mine: tuned"].metrics == expected
    assert found["mine: tuned"].tags["longtail.row"] == "tuning"
    assert found["mine: tuned"].tags["longtail.images"] == "24 that were not tuned on"
    assert found["mine: tuned"].params == {"images": "24"}


def test_mlflow_being_away_costs_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    journal = journal_of(tmp_path, 0.3)
    publisher = TrialPublisher("d1", "tuned", place_in(tmp_path), Console(stderr=True))
    publisher.publish(journal.trials, "RUNNING")
    publisher.publish(journal.trials, "RUNNING")
    assert capsys.readouterr().err.count("warning: MLflow is not up to date, going on") == 1
    publisher.publish(journal.trials, "FINISHED")
    assert capsys.readouterr().err.count("warning: MLflow does not have all of these trials") == 1
