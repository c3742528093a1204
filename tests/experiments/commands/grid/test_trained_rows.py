"""Rows that name a finished training."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from support.commands.in_process import exit_code
from support.commands.run_requests import run_request
from support.results.made_training import made_training

from experiments.commands.grid.request import GridRequest
from experiments.grid import main
from experiments.variants import VARIANTS
from experiments.variants.scale import demo_scale
from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.statuses import State, look_up
from longtail.cluster.nodes.trained_node import kept_facts
from longtail.config.variant import Inference
from longtail.problems import BadInputError

BASE = demo_scale(VARIANTS["softmax_r50"]).replace(seed=7)
FACTS = kept_facts(BASE, is_last=True)


def request(toy_set: Path, runs: Path, *variants: str, **changes: Any) -> GridRequest:
    options: dict[str, Any] = {"table": None, "assignments": (), "seeds": (0,), "baseline": None}
    files = {name: changes.pop(name) for name in ("train", "val", "images") if name in changes}
    return GridRequest(
        run_request(toy_set, runs, **files), variants=variants, **{**options, **changes}
    )


@pytest.fixture
def trained(tmp_path: Path) -> Node:
    return made_training(tmp_path, BASE, {"w": torch.zeros(1)}, facts=FACTS)


def test_a_training_is_a_row_of_its_own_seed_that_trains_nothing(
    toy_set: Path, tmp_path: Path, trained: Node
) -> None:
    named = f"soup={trained.id}"
    plan = request(toy_set, tmp_path, "eql_r50", named, seeds=(0, 1)).plan()
    assert [row.name for row in plan.rows] == ["eql_r50 seed 0", "eql_r50 seed 1", "soup"]
    row = plan.rows[-1]
    assert row.is_found and row.variant == BASE
    assert [node.id for node in row.stages] == [trained.id]
    assert row.predictions.inputs["stage"] == trained.id and row.predictions.seed == 7
    statuses = look_up(plan, tmp_path)
    states = [statuses[node.id].state for node in row.nodes()]
    assert states == [State.DONE, State.WAITING, State.WAITING]


@pytest.mark.parametrize("name", ["soup={folder}", "{folder}", "{id}"])
def test_its_folder_names_it_too(name: str, toy_set: Path, tmp_path: Path, trained: Node) -> None:
    word = name.format(folder=node_directory(tmp_path, trained), id=trained.id)
    asked = request(toy_set, tmp_path, word)
    (row,) = asked.plan().rows
    assert row.stages[0].id == trained.id
    expected = "soup" if "=" in name else trained.id
    assert row.name == expected and expected in asked.settings().name
    assert "/" not in asked.settings().name or "=" in name


def test_a_row_of_a_grid_brings_its_own_test_time_settings(
    toy_set: Path, tmp_path: Path, trained: Node
) -> None:
    row = tmp_path / "grids" / "table" / "row"
    (row / "evaluation").mkdir(parents=True)
    (row / "training").symlink_to(node_directory(tmp_path, trained))
    own = BASE.override({"inference.short_side": 96})
    file = row / "evaluation" / "variant.json"
    file.write_text(own.model_dump_json())
    finish(row / "evaluation", [file], {})
    (found,) = request(toy_set, tmp_path, f"again={row}").plan().rows
    assert found.variant == own and found.stages[0].id == trained.id


def test_a_node_that_keeps_no_test_time_settings_has_the_defaults(
    toy_set: Path, tmp_path: Path
) -> None:
    node = made_training(tmp_path, BASE, {}, facts={"of": "an earlier version"})
    (row,) = request(toy_set, tmp_path, node.id).plan().rows
    assert row.variant == BASE.replace(inference=Inference(), rules="none")


def test_test_time_settings_can_be_set_and_make_other_predictions(
    toy_set: Path, tmp_path: Path, trained: Node
) -> None:
    rows = (f"a={trained.id}", f"b={trained.id}")
    with pytest.raises(ValueError, match="a and b are the same configuration"):
        request(toy_set, tmp_path, *rows).plan()
    changes = ("b:inference.nms_iou=0.7",)
    one, other = request(toy_set, tmp_path, *rows, assignments=changes).plan().rows
    assert other.variant == BASE.override({"inference.nms_iou": 0.7})
    assert one.stages == other.stages and one.predictions.id != other.predictions.id


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ("stages.0.optimizer.base_lr=0.5", "stages.0.optimizer.base_lr"),
        ("base_lr=0.5", "stages.0.optimizer.base_lr"),
        ("neck_channels=8", "detector.neck_channels"),
    ],
)
def test_a_change_that_would_have_to_be_trained_is_refused(
    change: str, path: str, toy_set: Path, tmp_path: Path, trained: Node
) -> None:
    asked = request(toy_set, tmp_path, "eql_r50", f"soup={trained.id}", assignments=(change,))
    message = rf"row soup: --set {path}: {trained.id} is a finished training.*ROW:{path}="
    with pytest.raises(ValueError, match=message):
        asked.plan()


def test_the_same_change_for_other_rows_alone_is_none_of_it(
    toy_set: Path, tmp_path: Path, trained: Node
) -> None:
    change = "eql_r50:stages.0.optimizer.base_lr=0.5"
    asked = request(toy_set, tmp_path, "eql_r50", f"soup={trained.id}", assignments=(change,))
    assert asked.plan().rows[1].variant == BASE


def test_where_nothing_is_trained_the_training_file_may_be_left_out(
    toy_set: Path, tmp_path: Path, trained: Node
) -> None:
    whole = request(toy_set, tmp_path, trained.id).plan()
    plan = request(toy_set, tmp_path, trained.id, train=None).plan()
    assert plan.id == whole.id and plan.data.val == whole.data.val
    with pytest.raises(ValueError, match="--images: name the folder of the pictures of --val"):
        request(toy_set, tmp_path, trained.id, train=None, images=None).plan()
    with pytest.raises(ValueError, match="--train, --val and --images belong together"):
        request(toy_set, tmp_path, "eql_r50", trained.id, train=None).plan()


def test_a_training_of_another_folder_or_of_none_is_bad_input(
    toy_set: Path, tmp_path: Path, trained: Node
) -> None:
    with pytest.raises(BadInputError, match=r"a=stage-000000000000: .*no such training"):
        request(toy_set, tmp_path, "a=stage-000000000000").plan()
    folder = node_directory(tmp_path, trained)
    with pytest.raises(BadInputError, match="give --runs the folder that it was trained in"):
        request(toy_set, tmp_path / "other", f"a={folder}").plan()


def test_a_training_that_is_not_finished_is_refused_unless_its_row_is(
    toy_set: Path, tmp_path: Path, trained: Node
) -> None:
    plan = request(toy_set, tmp_path, f"a={trained.id}").plan()
    (row,) = plan.rows
    folder = node_directory(tmp_path, trained)
    shutil.rmtree(folder / "checkpoints")
    with pytest.raises(BadInputError, match="row a predicts with this training, but it is not"):
        look_up(plan, tmp_path)
    evaluation = node_directory(tmp_path, row.evaluation)
    evaluation.mkdir(parents=True)
    finish(evaluation, [], {"AP": 0.5})
    assert all(item.found for item in look_up(plan, tmp_path).values())


def test_a_dry_run_shows_it_as_finished(
    toy_set: Path, tmp_path: Path, trained: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [f"--val={toy_set}/val.json", f"--images={toy_set}/images", f"--runs={tmp_path}"]
    assert exit_code(main, "--variants", f"soup={trained.id}", *files, "--dry-run") == 0
    said = capsys.readouterr().out
    (line,) = (line for line in said.splitlines() if trained.id in line)
    assert "finished" in line
    assert "1 row, 3 nodes (0 shared), 2 to run" in said
