"""The MLflow side, on a real SQLite store."""

from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from longtail.tracking.tracker import NodeRecord, Tracker

RECORD = NodeRecord(
    "evaluation-000000000001",
    "eql_r50",
    {"stages.0.classifier.tail_frequency": None, "seed": 3},
    {"longtail.variant": "eql_r50"},
)
LINES = [
    {"step": 10, "time": 1.0, "attempt": 1, "train/loss": 2.5, "train/lr": 0.01},
    {"step": 20, "time": 2.0, "attempt": 1, "train/loss": 1.5, "train/lr": 0.01},
]


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/mlflow.db"


@pytest.fixture
def tracker(uri: str, tmp_path: Path) -> Tracker:
    return Tracker(uri, "test", tmp_path / "artifacts")


def open_both(tracker: Tracker) -> tuple[str, str]:
    grid = tracker.open_grid("grid1", "table", {})
    return grid, tracker.open_node(RECORD, "grid1", grid)


def run_of(uri: str, run_id: str) -> Run:
    return MlflowClient(uri).get_run(run_id)


def history(uri: str, run_id: str, key: str) -> list[tuple[int, float]]:
    points = MlflowClient(uri).get_metric_history(run_id, key)
    return sorted((point.step, point.value) for point in points)


@pytest.mark.slow
def test_a_node_has_one_run_for_ever(uri: str, tracker: Tracker, tmp_path: Path) -> None:
    grid, node = open_both(tracker)
    assert open_both(tracker) == (grid, node)
    later = Tracker(uri, "test", tmp_path / "artifacts")
    assert open_both(later) == (grid, node)
    other = Tracker(uri, "another experiment", tmp_path / "artifacts")
    second = other.open_grid("grid2", "table", {})
    assert other.open_node(RECORD, "grid2", second) == node

    run = run_of(uri, node)
    assert run.data.tags["mlflow.parentRunId"] == grid
    assert run.data.tags["longtail.kind"] == "evaluation"
    assert run.data.tags["longtail.grid.grid1"] == run.data.tags["longtail.grid.grid2"] == "1"
    assert run.data.params == {"stages.0.classifier.tail_frequency": "none", "seed": "3"}
    assert run.info.experiment_id == run_of(uri, grid).info.experiment_id
    assert run_of(uri, second).info.experiment_id != run.info.experiment_id
    assert other.elsewhere() == {"test": 1} and not later.elsewhere()


ODD = ("runs (2)", "it's", "a, b", "c+d=e", "100 %", "[x]", 'say "no"', "back\\slash", "a;b", "#1")
ODDER = ("a//b", "../up", "Gro\u00df & \u5927", "x" * 300, "`tick`", " blank ", "--", "longtail")


@pytest.mark.slow
def test_names_that_neither_keys_nor_filters_take_are_found_again(uri: str) -> None:
    made = {}
    for name in (*ODD, *ODDER):
        tracker = Tracker(uri, name)
        grid = tracker.open_grid(f"merges-{name}", name, {})
        node = tracker.open_node(replace(RECORD, node=f"merge-{name}"), f"merges-{name}", grid)
        assert tracker.log_points(node, LINES) == 4
        made[name] = grid, node
    assert len(set(made.values())) == len(made)
    for name, (grid, node) in made.items():
        later = Tracker(uri, name)
        assert later.open_grid(f"merges-{name}", name, {}) == grid
        again = later.open_node(replace(RECORD, node=f"merge-{name}"), f"merges-{name}", grid)
        assert again == node
        assert later.log_points(node, LINES) == 0
        experiment = MlflowClient(uri).get_experiment_by_name(name)
        assert experiment is not None
        assert len(MlflowClient(uri).search_runs([experiment.experiment_id])) == 2


@pytest.mark.slow
def test_a_step_is_uploaded_once_whoever_asks(uri: str, tracker: Tracker, tmp_path: Path) -> None:
    _, node = open_both(tracker)
    assert tracker.log_points(node, LINES[:1]) == 2
    assert tracker.log_points(node, LINES) == 2
    later = Tracker(uri, "test", tmp_path / "artifacts")
    _, node = open_both(later)
    replayed = [{**line, "attempt": 2, "time": 9.0} for line in LINES]
    assert later.log_points(node, replayed) == 0
    assert history(uri, node, "train/loss") == [(10, 2.5), (20, 1.5)]


@pytest.mark.slow
def test_status_tags_and_artifacts_are_brought_across(
    uri: str, tracker: Tracker, tmp_path: Path
) -> None:
    _, node = open_both(tracker)
    (tmp_path / "a.html").write_text("<p>plot</p>")
    tracker.log_artifacts(node, [(tmp_path / "a.html", "plots")])
    tracker.log_artifacts(node, [(tmp_path / "a.html", "plots")])
    tracker.set_tags(node, {"longtail.error": "x" * 9000})
    tracker.set_status(node, "FAILED")
    tracker.set_status(node, "RUNNING")
    tracker.set_status(node, "FINISHED")
    run = run_of(uri, node)
    assert run.info.status == "FINISHED"
    assert len(run.data.tags["longtail.error"]) == 5000
    names = [item.path for item in MlflowClient(uri).list_artifacts(node, "plots")]
    assert names == ["plots/a.html"]
