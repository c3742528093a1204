"""What MLflow is told of rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from longtail.cluster.nodes.ledger import begin, finish, node_directory
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.statuses import State, look_up
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


def test_a_node_that_ends_while_it_is_published_is_finished_the_next_time(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    statuses, node = look_up(plan, tmp_path), plan.rows[0].stages[-1]
    directory = node_directory(tmp_path, node)
    begin(directory, node, {"versions": {}, "git": "unknown"})
    finish(directory, [], {})
    statuses[node.id].state = State.RUNNING

    class EndsMeanwhile(GridRunGroup):
        def params_of(self, node: Node) -> Mapping[str, Any]:
            statuses[node.id].state = State.DONE
            return super().params_of(node)

    publisher = Publisher(EndsMeanwhile(plan, tmp_path, "grid"), tmp_path, "test")
    publisher.publish(statuses, "RUNNING")
    publisher.publish(statuses, "FINISHED")
    assert publisher.problem is None
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    everywhere = [item.experiment_id for item in client.search_experiments()]
    (run,) = client.search_runs(everywhere, f"tags.`longtail.node` = '{node.id}'")
    assert run.info.status == "FINISHED"
