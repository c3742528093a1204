"""What counts as found before a grid starts."""

from pathlib import Path

import pytest

from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.nodes.statuses import State, look_up
from longtail.config.test_time.scales import ViewScale
from longtail.config.test_time.tta import TTA
from longtail.config.variant import Inference, Variant


def complete(runs: Path, node: Node) -> None:
    directory = node_directory(runs, node)
    directory.mkdir(parents=True)
    (directory / "file").write_text(node.id)
    finish(directory, [directory / "file"], {"AP": 0.5})


def waiting(plan: Plan, runs: Path) -> list[str]:
    statuses = look_up(plan, runs)
    return [item.node.label for item in statuses.values() if item.state is State.WAITING]


def test_nothing_is_found_in_an_empty_folder(plan: Plan, tmp_path: Path) -> None:
    assert len(waiting(plan, tmp_path)) == 6


def test_finished_nodes_are_found(plan: Plan, tmp_path: Path) -> None:
    complete(tmp_path, plan.rows[0].stages[0])
    complete(tmp_path, plan.rows[0].predictions)
    labels = ["sigmoid", "eql training", "eql predictions", "eql"]
    assert waiting(plan, tmp_path) == labels


def test_a_finished_row_needs_neither_checkpoints_nor_predictions(
    plan: Plan, tmp_path: Path
) -> None:
    complete(tmp_path, plan.rows[0].evaluation)
    assert all("sigmoid" not in label for label in waiting(plan, tmp_path))


@pytest.mark.parametrize("file", ["file", "result.json"])
def test_a_damaged_node_is_done_again(plan: Plan, tmp_path: Path, file: str) -> None:
    for node in plan.rows[0].nodes():
        complete(tmp_path, node)
    (node_directory(tmp_path, plan.rows[0].evaluation) / file).write_text("changed")
    assert waiting(plan, tmp_path)[0] == "sigmoid"
    assert "sigmoid training" not in waiting(plan, tmp_path)


def test_parents_come_before_children(plan: Plan, tmp_path: Path) -> None:
    kinds = [item.node.kind for item in look_up(plan, tmp_path).values()]
    assert kinds == ["stage", "predictions", "evaluation"] * 2


def test_of_views_only_those_that_are_missing_are_predicted(
    data: DataFiles, tmp_path: Path
) -> None:
    scales = tuple(ViewScale(short_side=side) for side in (600, 800))
    inference = Inference(tta=TTA(scales=scales, horizontal_flip=False))
    plan = make_plan({"a": Variant(inference=inference)}, (0,), data)
    (row,) = plan.rows
    complete(tmp_path, row.views[1])
    assert waiting(plan, tmp_path) == [
        "a training",
        "a, 600, predictions",
        "a predictions",
        "a",
    ]
    complete(tmp_path, row.stages[0])
    complete(tmp_path, row.views[0])
    assert waiting(plan, tmp_path) == ["a predictions", "a"]
    complete(tmp_path, row.predictions)
    assert waiting(plan, tmp_path) == ["a"]
