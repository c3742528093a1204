"""The command that averages trainings: what it checks, says and leaves."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from support.commands.in_process import exit_code
from support.results.made_training import made_training

from longtail.cluster.nodes.ledger import node_directory, read_record, read_result
from longtail.cluster.nodes.node import Node
from longtail.cluster.nodes.trained_node import read_trained_node
from longtail.cluster.soup import main
from longtail.cluster.soups.next_grid import grid_command
from longtail.cluster.trained import find_trained
from longtail.config.variant import Variant
from longtail.training.checkpoints import Checkpoint

BASE = Variant().override({"inference.short_side": 640})


def training(runs: Path, number: int, changes: Mapping[str, Any], **more: Any) -> Node:
    return made_training(runs, BASE.override(changes), {"w": torch.tensor([float(number)])}, **more)


def trainings(runs: Path) -> list[Node]:
    """Three that differ in their learning rate: weights 0, 1 and 5."""
    rates = {0: 0.02, 1: 0.01, 5: 0.005}
    return [
        training(runs, number, {"stages.0.optimizer.base_lr": rate})
        for number, rate in rates.items()
    ]


def soup_of(runs: Path, words: Sequence[str], *options: str) -> int:
    return exit_code(main, *words, "--runs", str(runs), *options)


def only_soup(runs: Path) -> Path:
    (found,) = (
        path for path in runs.glob("nodes/stage-*") if "soup" in read_record(path)["config"]
    )
    return found


def test_a_soup_is_the_mean_and_a_node_like_others(tmp_path: Path) -> None:
    nodes = trainings(tmp_path)
    assert soup_of(tmp_path, [node.id for node in nodes]) == 0
    made = only_soup(tmp_path)
    assert read_result(made) == {"iterations": 90_000, "ingredients": 3}
    record = read_record(made)
    assert record["id"] == made.name and record["parents"] == sorted(node.id for node in nodes)
    assert "torch" in record["versions"]
    found = find_trained(made)
    assert Checkpoint(found.checkpoint).weights()["w"].tolist() == [2.0]
    first = min(nodes, key=lambda node: node.id)
    assert found.variant == read_trained_node(node_directory(tmp_path, first)).variant
    assert found.variant.inference.short_side == 640


def test_neither_order_nor_names_make_another_soup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = trainings(tmp_path)
    assert soup_of(tmp_path, [node.id for node in nodes]) == 0
    made = only_soup(tmp_path)
    before = (made / "result.json").stat().st_mtime_ns
    paths = [str(node_directory(tmp_path, node)) for node in reversed(nodes)]
    capsys.readouterr()
    assert soup_of(tmp_path, paths) == 0
    said = capsys.readouterr().out
    assert f"{made.name}: soup of 3 trainings, found finished" in said
    assert only_soup(tmp_path) == made
    assert (made / "result.json").stat().st_mtime_ns == before


def test_a_damaged_soup_is_made_again(tmp_path: Path) -> None:
    nodes = trainings(tmp_path)
    assert soup_of(tmp_path, [node.id for node in nodes]) == 0
    model = next(only_soup(tmp_path).glob("checkpoints/*/model.pt"))
    content = model.read_bytes()
    model.write_bytes(content[:-1])
    assert soup_of(tmp_path, [node.id for node in nodes]) == 0
    assert read_result(only_soup(tmp_path)) is not None
    assert not [path for path in (tmp_path / "nodes").iterdir() if path.name.startswith(".")]


def test_a_dry_run_says_all_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    nodes = trainings(tmp_path)
    assert soup_of(tmp_path, [node.id for node in nodes], "--dry-run") == 0
    said = capsys.readouterr().out
    assert "soup of 3 trainings, to be made" in said
    assert "stages.0.optimizer.base_lr=0.005" in said and "warning" not in said
    assert f"--variants soup={said.split(':')[0]},of_1={min(node.id for node in nodes)}" in said
    assert len(list(tmp_path.glob("nodes/*"))) == 3


def test_trainings_that_start_apart_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = (training(tmp_path, seed, {"seed": seed}) for seed in (0, 1))
    assert soup_of(tmp_path, [one.id, other.id]) == 0
    assert "do not start from the same weights" in capsys.readouterr().out


def test_stages_after_one_and_trainings_from_one_file_start_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = training(tmp_path, 0, {})
    two = BASE.replace(stages=(BASE.stages[0], BASE.stages[0]))
    later = [
        made_training(tmp_path, two.replace(seed=seed), {"w": torch.ones(1)}, parent=first)
        for seed in (0, 1)
    ]
    weights = {"train": "a" * 64, "weights": "c" * 64}
    tuned = [training(tmp_path, seed, {"seed": seed}, inputs=weights) for seed in (0, 1)]
    for pair in (later, tuned):
        assert soup_of(tmp_path, [node.id for node in pair]) == 0
    assert "warning" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "more", "message"),
    [
        ({"neck_channels": 128}, {}, "detector.neck_channels: "),
        ({"stages.0.classifier": "sigmoid"}, {}, "stages.-1.classifier.name: "),
        ({}, {"counts": (3, 2)}, "its image_count of the training categories is not that of"),
        ({}, {"counts": (3, 1, 1)}, "its category_ids of the training categories is not that of"),
    ],
)
def test_other_architectures_and_categories_are_refused(
    tmp_path: Path,
    changes: dict[str, Any],
    more: dict[str, Any],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, other = training(tmp_path, 0, {}), training(tmp_path, 1, {"seed": 1, **changes}, **more)
    assert soup_of(tmp_path, [one.id, other.id]) == 2
    said = capsys.readouterr().err
    assert message in said and one.id in said and other.id in said
    assert len(list(tmp_path.glob("nodes/*"))) == 2


def test_other_shapes_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = training(tmp_path, 0, {})
    other = made_training(tmp_path, BASE.replace(seed=1), {"w": torch.zeros(2)})
    assert soup_of(tmp_path, [one.id, other.id], "--dry-run") == 2
    assert "an average needs models of one architecture" in capsys.readouterr().err


def test_what_is_named_twice_alone_or_an_average_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = [node.id for node in trainings(tmp_path)]
    assert soup_of(tmp_path, [ids[0], ids[1], ids[0]]) == 2
    assert "is named twice" in capsys.readouterr().err
    assert soup_of(tmp_path, ids[:1]) == 2
    assert "one training has no average" in capsys.readouterr().err
    assert soup_of(tmp_path, ids) == 0
    assert soup_of(tmp_path, [only_soup(tmp_path).name, ids[0]]) == 2
    assert "is an average itself; name its ingredients" in capsys.readouterr().err


def test_unfinished_damaged_and_absent_trainings_are_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other, third = trainings(tmp_path)
    (node_directory(tmp_path, other) / "result.json").unlink()
    assert soup_of(tmp_path, [one.id, other.id]) == 3
    assert "the training is not finished" in capsys.readouterr().err
    model = next(node_directory(tmp_path, third).glob("checkpoints/*/model.pt"))
    model.write_bytes(model.read_bytes()[:-1])
    assert soup_of(tmp_path, [one.id, third.id]) == 3
    assert soup_of(tmp_path, [one.id, "stage-000000000000"]) == 3
    assert "stage-000000000000: no such training" in capsys.readouterr().err


def test_the_next_grid_has_the_files_of_a_table_that_has_an_ingredient(tmp_path: Path) -> None:
    node = training(tmp_path, 0, {})
    runs = tmp_path.resolve()
    assert grid_command("stage-s", [node.id], runs)[3:7] == [
        *("--val", "VAL.json", "--images", "IMAGES")
    ]
    row = tmp_path / "grids" / "table" / "row"
    row.mkdir(parents=True)
    (row / "training").symlink_to(node_directory(tmp_path, node))
    table = {
        "data": {"val": "/data/val.json", "images": "/data/my images", "exhaustive": True},
        "resources": {"workers": 2, "cpus": 1.0, "gpus": 0.5},
        "experiment": "mine",
    }
    (row.parent / "table.json").write_text(json.dumps(table))
    assert grid_command("stage-s", [node.id], runs) == [
        *("experiments/grid.py", "--variants", f"soup=stage-s,of_1={node.id}"),
        *("--val /data/val.json", "--images '/data/my images'", "--exhaustive"),
        *("--workers 2", "--gpus-per-worker 0.5", "--experiment mine", "--runs", str(runs)),
    ]
