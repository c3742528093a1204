"""Result tables of folders as commands leave them, and what is said of others."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.places import ROOT

from experiments.variants import VARIANTS
from longtail.problems import BadInputError
from longtail.results import table
from longtail.results.csv import write_csv

FINISHED = {
    "AP": 0.25, "APr": -1.0, "APc": 0.125, "APf": 0.5, "AP_box": 0.375, "gap_box_mask": 0.125,
}  # fmt: skip
INTERVAL = {"segm": {"metrics": {"AP": {"low": 0.2, "high": 0.3, "standard_error": 0.01}}}}


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A grid of two finished rows and an unfinished one, and a sweep of three trials."""
    grid = tmp_path / "grids" / "toy"
    for name, seed in (("a", 0), ("b_x", 1)):
        folder = grid / name / "evaluation"
        folder.mkdir(parents=True)
        variant = VARIANTS["rhead_cat"].model_copy(update={"seed": seed})
        (folder / "variant.json").write_text(variant.model_dump_json())
    rows = {"a": FINISHED, "b x": {**FINISHED, "AP": 0.5}, "c": None}
    write(grid / "table.json", {"rows": rows, "intervals": {"a": INTERVAL}})
    rung = {"step": 20, "metrics": {**FINISHED}}
    trials = [
        {"number": 1, "point": {"seed": 3}, "state": "finished", "curve": [rung], "hours": 0.5},
        {"number": 0, "point": {"seed": 2}, "state": "failed", "curve": [], "hours": 0.0},
    ]
    (tmp_path / "sweeps" / "lambda").mkdir(parents=True)
    write(tmp_path / "sweeps" / "lambda" / "table.json", {"trials": trials})
    return tmp_path


def write(path: Path, tree: dict[str, Any]) -> None:
    path.write_text(json.dumps(tree))


def test_a_grid_has_a_line_for_each_row_in_points_with_the_fields_that_differ(runs: Path) -> None:
    found = table(runs, "toy")
    assert list(found.index) == ["a", "b x", "c"]
    assert list(found.columns) == [
        "AP", "AP_low", "AP_high", "APr", "APc", "APf", "AP_box", "gap_box_mask", "seed",
    ]  # fmt: skip
    assert list(found.AP[:2]) == [25, 50] and math.isnan(found.AP["c"])
    assert math.isnan(found.APr["a"]), "undefined"
    assert (found.AP_low["a"], found.AP_high["a"]) == (20, 30)
    assert math.isnan(found.AP_low["b x"]), "no interval"
    assert (found.seed["a"], found.seed["b x"]) == (0, 1)


def test_a_sweep_has_a_line_for_each_trial_with_its_point(runs: Path) -> None:
    found = table(runs, "lambda")
    assert list(found.index) == [1, 0]
    assert list(found.seed) == [3, 2]
    assert list(found.iterations) == [20, 0]
    assert found.AP[1] == 25 and math.isnan(found.AP[0])
    assert list(found.state) == ["finished", "failed"]


def test_a_merge_has_a_line_for_each_source_and_step(tmp_path: Path) -> None:
    row = {"segm": FINISHED, "segm_fixed": FINISHED, "box": FINISHED, "intervals": INTERVAL}
    write(tmp_path / "merge.json", {})
    write(tmp_path / "evaluation.json", {"sources": {"a": row}, "steps": {"fused": row}})
    found = table(tmp_path)
    assert list(found.index) == [("source", "a"), ("step", "fused")]
    assert found.loc[("step", "fused"), "APc_fixed"] == 12.5
    assert found.loc[("source", "a"), "AP_high"] == 30


def test_a_csv_has_every_digit_and_nothing_where_a_number_is_undefined(runs: Path) -> None:
    path = runs / "toy.csv"
    write_csv(table(runs, "toy"), path)
    assert path.read_text().splitlines()[1] == "a,25.0,20.0,30.0,,12.5,50.0,37.5,12.5,0.0"
    again = pd.read_csv(path, index_col="row")
    pd.testing.assert_frame_equal(again, table(runs, "toy"))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nope", "there are: lambda, toy"),
        ("", "there are: lambda, toy"),
        ("../grids/toy", "there are: lambda, toy"),
        ("begun", "no such file"),
        ("cut", "run its command"),
    ],
)
def test_what_is_not_there_is_named(runs: Path, name: str, says: str) -> None:
    (runs / "grids" / "cut").mkdir()
    (runs / "grids" / "cut" / "table.json").write_text("{")
    if name == "begun":
        (runs / "grids" / "begun").mkdir()
    if "there are" in says:
        (runs / "grids" / "cut" / "table.json").unlink()
        (runs / "grids" / "cut").rmdir()
    with pytest.raises(BadInputError, match=says):
        table(runs, name)


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"trials": 3}', '{"rows": []}'])
def test_a_table_of_something_else_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "table.json").write_text(text)
    with pytest.raises(BadInputError, match=r"table\.json: n.*run its command again"):
        table(tmp_path)
    with pytest.raises(BadInputError, match="no such file"):
        table(tmp_path / "table.json")


def test_an_evaluation_of_something_else_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "merge.json", {})
    write(tmp_path / "evaluation.json", {"segm": {}})
    with pytest.raises(BadInputError, match=r"evaluation\.json: not the sources and steps"):
        table(tmp_path)


def test_a_name_of_both_kinds_is_refused(runs: Path) -> None:
    (runs / "sweeps" / "toy").mkdir()
    with pytest.raises(ValueError, match="is a grid and a sweep"):
        table(runs, "toy")


def test_the_table_of_a_merge_needs_neither_ray_nor_torch() -> None:
    code = "import sys, longtail.results.merge; print({'ray', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
