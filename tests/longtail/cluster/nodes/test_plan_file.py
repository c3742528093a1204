"""What is written for whoever watches a grid."""

import json
from pathlib import Path
from typing import Any

import pytest

from longtail.cluster.nodes import plan_file as written
from longtail.cluster.nodes.plan import Plan
from longtail.cluster.nodes.plan_file import PLAN, PlanFile, plan_file
from longtail.cluster.nodes.settings import GridSettings, WorkerResources
from longtail.cluster.nodes.statuses import State, look_up


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "BETWEEN_WRITES_SECONDS", 0.0)


def settings_of(runs: Path) -> GridSettings:
    return GridSettings(runs, WorkerResources(2, 1.0, 0.5), None, 0, "tests", "mine")


def read(path: Path) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads(path.read_text())
    return tree


def test_the_file_says_what_waits_runs_and_how_it_ended(plan: Plan, tmp_path: Path) -> None:
    statuses, path = look_up(plan, tmp_path), tmp_path / "grids" / "mine" / PLAN
    rows = {row.name: [node.id for node in row.nodes()] for row in plan.all_rows}
    with plan_file(path, "grid", settings_of(tmp_path), statuses, rows) as noted:
        tree = read(path)
        assert (tree["kind"], tree["name"], tree["ended"], tree["rows"]) == (
            "grid",
            "mine",
            None,
            rows,
        )
        assert tree["each"] == {"workers": 2, "cpus": 1.0, "gpus": 0.5}
        assert {node["state"] for node in tree["nodes"]} == {"waiting"}
        assert [node["id"] for node in tree["nodes"]] == list(statuses)
        stage = plan.rows[0].stages[0]
        statuses[stage.id].state = State.RUNNING
        noted.update(statuses)
        by_id = {node["id"]: node for node in read(path)["nodes"]}
        assert by_id[stage.id]["state"] == "running" and "since" in by_id[stage.id]
        assert by_id[plan.rows[0].predictions.id]["parents"] == [stage.id]
        statuses[stage.id].state = State.FAILED
        statuses[stage.id].error = ValueError("no memory")
    tree = read(path)
    assert tree["ended"] == "failed"
    assert [node["error"] for node in tree["nodes"] if node["error"]] == ["no memory"]


@pytest.mark.parametrize(
    ("error", "told"),
    [(KeyboardInterrupt, "interrupted"), (RuntimeError, "ended by an error")],
)
def test_what_ends_it_early_is_told_and_raised(
    plan: Plan, tmp_path: Path, error: type[BaseException], told: str
) -> None:
    path = tmp_path / PLAN
    with pytest.raises(error):
        with plan_file(path, "grid", settings_of(tmp_path), look_up(plan, tmp_path), {}):
            raise error
    assert read(path)["ended"] == told


def test_a_file_that_cannot_be_written_is_one_warning(
    plan: Plan, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    statuses = look_up(plan, tmp_path)
    noted = PlanFile(tmp_path / "file" / PLAN, {})
    noted.update(statuses)
    noted.end(statuses, "done")
    assert caplog.text.count("cannot be written, watching lacks it") == 1
