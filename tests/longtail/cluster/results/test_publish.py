"""What MLflow is told of rows."""

from pathlib import Path

import pytest

from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.statuses import look_up
from longtail.cluster.results.publish import Publisher
from longtail.cluster.results.run_group import GridRunGroup, differing_leaves, result_note


def test_params_are_the_leaves_in_which_rows_differ(plan: Plan) -> None:
    params = differing_leaves({row.name: row.variant for row in plan.rows})
    assert params == {
        "sigmoid": {"stages.0.classifier.name": "sigmoid"},
        "eql": {
            "stages.0.classifier.form": "challenge",
            "stages.0.classifier.name": "equalization",
        },
    }


def test_a_single_row_has_no_params(plan: Plan) -> None:
    assert differing_leaves({"a": plan.rows[0].variant}) == {"a": {}}


def test_the_note_holds_finished_rows_in_points(plan: Plan, tmp_path: Path) -> None:
    directory = node_directory(tmp_path, plan.rows[1].evaluation)
    directory.mkdir(parents=True)
    summary = {"AP": 0.25, "APr": -1.0, "APc": 0.1, "APf": 0.5, "AP_box": 0.3}
    finish(directory, [], summary)
    note = result_note(plan, look_up(plan, tmp_path), tmp_path)
    assert note.splitlines()[2:] == ["| eql | 25.00 | - | 10.00 | 50.00 | 30.00 |"]


def test_mlflow_being_away_is_kept_as_a_problem_and_raises_nothing(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    publisher = Publisher(GridRunGroup(plan, tmp_path, "grid"), tmp_path, "test")
    publisher.publish(look_up(plan, tmp_path), "RUNNING")
    assert publisher.problem is not None and "127.0.0.1" in publisher.problem
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    publisher.publish(look_up(plan, tmp_path), "FINISHED")
    assert publisher.problem is None
