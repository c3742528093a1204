"""A parent run brings its children up to date."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from longtail.tracking.parent_run import ParentRun
from longtail.tracking.tracker import NodeRecord

pytestmark = pytest.mark.slow
CHILD = NodeRecord("trial-1", "trial 1", {"x": 0.5}, {"made": "once"})


def parent_of(runs: Path) -> ParentRun:
    return ParentRun("sweep-1", "mine", "sweep", "tests", runs)


def test_children_are_found_again_and_get_what_they_lack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert parent_of(tmp_path).num_points == 0
    line = {"step": 1, "time": 1.0, "val/AP": 30.0}
    first = parent_of(tmp_path)
    run = first.publish_child(CHILD, [line], {"state": "new"}, "RUNNING")
    later = parent_of(tmp_path)
    lines = [line, {**line, "step": 2}]
    assert later.publish_child(CHILD, lines, {"state": "old"}, "FINISHED") == run
    assert (first.num_points, later.num_points) == (1, 2)
    assert first.open() == later.open() and later.elsewhere() == {}
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    child, parent = client.get_run(run), client.get_run(later.open())
    assert child.data.tags["mlflow.parentRunId"] == later.open()
    assert (child.info.status, child.data.tags["state"]) == ("FINISHED", "old")
    assert (parent.info.run_name, parent.data.tags["longtail.kind"]) == ("mine", "sweep")
    assert [point.step for point in client.get_metric_history(run, "val/AP")] == [1, 2]
