"""What a dry run prints."""

from pathlib import Path
from typing import get_args

import pytest

from experiments.commands.grid.plan_table import print_plan
from longtail.cluster.data_files import find_data_files
from longtail.cluster.nodes.plan import make_plan
from longtail.cluster.nodes.statuses import look_up
from longtail.config.classifiers import Sigmoid, Softmax
from longtail.config.mixing import BalancedMosaic
from longtail.config.stages import Part, RepeatFactor, Stage
from longtail.config.variant import Variant

TRUNK = tuple(part for part in get_args(Part) if part != "classifier")
HEAD = Stage(freeze=TRUNK, recreate=("classifier",), sampler=RepeatFactor(threshold=1.0))


def printed(
    variants: dict[str, Variant], toy_set: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "160")
        return _printed(variants, toy_set, runs, capsys)


def _printed(
    variants: dict[str, Variant], toy_set: Path, runs: Path, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    data = find_data_files(toy_set / "train.json", toy_set / "val.json", toy_set / "images")
    plan = make_plan(variants, (0,), data)
    print_plan(plan, look_up(plan, runs))
    return capsys.readouterr().out.splitlines()


def test_a_sweep_over_one_trunk_is_one_pass(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variants = {
        classifier.name: Variant(stages=(Stage(), HEAD.replace(classifier=classifier)))
        for classifier in (Softmax(), Sigmoid())
    }
    lines = printed(variants, toy_set, tmp_path, capsys)
    assert sum("90,000 x 16, shared trunk (2)" in line for line in lines) == 2
    assert lines[-1] == (
        "2 rows, 7 nodes (1 shared), 7 to run; 3 trainings in 2 passes over the data: 1 run saved"
    )


def test_every_training_shows_what_its_sampler_makes_of_the_tail(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variant = Variant(stages=(Stage(), HEAD))
    lines = printed({"a": variant}, toy_set, tmp_path, capsys)
    cells = [line.split(" x 16")[1].strip() for line in lines if " x 16" in line]
    uniform, repeated = ([float(n) for n in cell.split(" / ") if n != "-"] for cell in cells)
    assert len(uniform) == len(repeated) > 1
    assert all(after >= before for before, after in zip(uniform, repeated, strict=True))
    assert repeated[0] > uniform[0]
    assert lines[-1] == "1 row, 4 nodes (0 shared), 4 to run"


def test_pictures_that_are_mixed_in_count_as_shown(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    uniform = Variant()
    stage = Stage(augmentations=(BalancedMosaic(partners="uniform"),))
    mixed = uniform.replace(stages=(stage,))
    lines = printed({"a": uniform, "b": mixed}, toy_set, tmp_path, capsys)
    cells = [line.split(" x 16")[1].strip() for line in lines if " x 16" in line]
    alone, four = ([float(n) for n in cell.split(" / ") if n != "-"] for cell in cells)
    assert four == pytest.approx([4 * shown for shown in alone], abs=0.25)
    note = "images an epoch: those that are mixed into others count, too"
    assert note in lines
    assert note not in printed({"a": uniform}, toy_set, tmp_path, capsys)
