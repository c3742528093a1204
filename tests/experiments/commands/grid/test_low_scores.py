"""What a grid says of an AP of 0.00."""

from pathlib import Path

import pytest

from experiments.commands.grid.low_scores import print_low_scores
from longtail.cluster.nodes.ledger import finish, node_directory
from longtail.cluster.nodes.plan import DataFiles, Plan, make_plan
from longtail.cluster.nodes.statuses import look_up
from longtail.config.detector import Detector
from longtail.config.stages import Schedule, Stage
from longtail.config.variant import Variant

DATA = DataFiles(Path("train.json"), Path("val.json"), Path("images"), "a" * 64, "b" * 64)
SHORT = Variant(stages=(Stage(schedule=Schedule(iterations=20, warmup_iterations=0)),))


def said(variants: dict[str, Variant], ap: list[float], runs: Path) -> None:
    plan: Plan = make_plan(variants, (0,), DATA)
    for row, value in zip(plan.rows, ap, strict=True):
        directory = node_directory(runs, row.evaluation)
        directory.mkdir(parents=True)
        finish(directory, [], {"AP": value})
    print_low_scores(plan, look_up(plan, runs), runs)


def test_a_row_that_found_nothing_names_what_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    longer = SHORT.replace(stages=(Stage(),))
    said({"mine": SHORT, "other": longer}, [0.00001, 0.2], tmp_path)
    printed = capsys.readouterr().out
    assert "mine (20 iterations from random weights)" in printed and "other" not in printed
    assert "detector.weights=FILE" in printed and "--iterations N" in printed


def test_a_row_that_has_weights_is_told_to_train_longer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = tmp_path / "w.pth"
    weights.touch()
    said({"mine": SHORT.replace(detector=Detector(weights=str(weights)))}, [0.0], tmp_path)
    printed = capsys.readouterr().out
    assert "20 iterations from weights" in printed
    assert "begin from weights" not in printed and "train longer" in printed


def test_nothing_is_said_of_other_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said({"mine": SHORT}, [-1.0], tmp_path)
    assert capsys.readouterr().out == ""
