"""The spaces over finished predictions become a command of `ensemble.tune`."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.merge_folder import lvis_file

from experiments.commands.sweep.run_tune import refuse_delegated_options, run_tune, tune_command
from longtail.commands import ExitCode
from longtail.files import sha256_of
from longtail.sealed import write_sealed_json


def options(runs: Path, **changes: Any) -> dict[str, Any]:
    return {
        "space": "alpha",
        "preds": (),
        "grid": None,
        "metrics": ("AP",),
        "trials": None,
        "seed": 0,
        "concurrent": None,
        "name": None,
        "train": None,
        "val": None,
        "images": None,
        "semantic": None,
        "also": (),
        "exhaustive": False,
        "no_report": False,
        "scale": None,
        "iterations": None,
        "resamples": 1000,
        "workers": 1,
        "cpus_per_worker": 1.0,
        "gpus_per_worker": 0.0,
        "loader_processes": 0,
        "runs": runs,
        "address": None,
        "dashboard": False,
        "experiment": "longtail",
        **changes,
    }


def write_grid(runs: Path, name: str, rows: tuple[str, ...], when: int) -> None:
    """A grid's folder as links leave it: predictions are links into nodes."""
    val = runs / "data" / "synthetic" / "val.json"
    val.parent.mkdir(parents=True, exist_ok=True)
    val.write_text("{}")
    for row in rows:
        node = runs / "nodes" / f"predictions-{name}-{row}"
        (node / "predictions").mkdir(parents=True)
        write_sealed_json(node / "node.json", {"inputs": {"images": sha256_of(val)}})
        folder = runs / "grids" / name / row
        folder.mkdir(parents=True)
        (folder / "predictions").symlink_to(node / "predictions")
    table = runs / "grids" / name / "table.json"
    table.write_text("{}")
    os.utime(table, (when, when))


def test_alpha_tunes_the_margins_of_the_newest_grid(tmp_path: Path) -> None:
    write_grid(tmp_path, "older", ("a", "b"), when=1000)
    write_grid(tmp_path, "newer", ("c", "d"), when=2000)
    command, runs = tune_command(options(tmp_path, trials=2000, metrics=("AP", "APr")))
    assert runs == tmp_path
    rows = tmp_path / "grids" / "newer"
    assert command == [
        *("-m", "ensemble.tune"),
        *("--pred", f"c={rows}/c/predictions", "--pred", f"d={rows}/d/predictions"),
        *("--ann", f"{tmp_path}/data/synthetic/val.json", "--metric", "AP,APr", "--seed", "0"),
        *("--resamples", "1000"),
        *("--out", f"{tmp_path}/sweeps/alpha", "--search", "margins", "--margin-trials", "2000"),
    ]
    asked = options(tmp_path, exhaustive=True, experiment="mine")
    told, _ = tune_command(asked, is_recorded_where_asked=True)
    assert told[told.index("--exhaustive") + 1 :][:2] == ["--experiment", "mine"]
    older, _ = tune_command(options(tmp_path, grid="older"))
    assert f"a={tmp_path}/grids/older/a/predictions" in older


def test_fusion_tunes_given_sources(tmp_path: Path) -> None:
    val = tmp_path / "val.json"
    val.write_text("{}")
    asked = options(
        tmp_path, space="fusion", preds=("a=a.json", "b=b,weight=2"), val=val, concurrent=4
    )
    command, _ = tune_command({**asked, "name": "mine", "trials": 30, "address": "here"})
    assert command[2:6] == ["--pred", "a=a.json", "--pred", "b=b,weight=2"]
    assert command[-8:] == [
        *("--out", f"{tmp_path}/sweeps/mine", "--trials", "30"),
        *("--address", "here", "--num-workers", "4"),
    ]


def test_every_word_is_known_to_tune(tmp_path: Path) -> None:
    from ensemble.tune import main

    write_grid(tmp_path, "demo", ("a", "b"), when=1000)
    for space in ("alpha", "fusion"):
        command, _ = tune_command(
            options(tmp_path, space=space, concurrent=2, address="here", metrics=("AP", "APr"))
        )
        context = main.make_context("tune", command[2:])
        assert context.params["margin_trials" if space == "alpha" else "trials"] in (1000, 60)
        assert context.params["out"] == tmp_path / "sweeps" / space


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "no grid ran yet; run experiments/grid.py first, or give predictions with --pred"),
        ({"grid": "nope"}, "--grid nope: no finished rows"),
        ({"preds": ("a=a.json",)}, "give the path of the annotations .* with --val"),
        ({"preds": ("a=a.json",), "val": Path("gone.json")}, "with --val"),
    ],
)
def test_without_predictions_or_annotations_the_remedy_is_said(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        tune_command(options(tmp_path, **changes))


def test_predictions_of_other_images_are_refused(tmp_path: Path) -> None:
    write_grid(tmp_path, "demo", ("a", "b"), when=1000)
    val = tmp_path / "val.json"
    val.write_text("[]")
    with pytest.raises(ValueError, match=r"predictions of another file than .*/val\.json; give"):
        tune_command(options(tmp_path, val=val))


def test_options_that_say_nothing_about_predictions_are_refused(tmp_path: Path) -> None:
    given = {"space": "--space", "seed": "--seed", "rungs": "--rungs"}
    with pytest.raises(ValueError, match="--rungs: --space alpha searches a merge of finished"):
        run_tune(options(tmp_path), given, dry_run=True)


def test_sources_say_nothing_about_a_training() -> None:
    with pytest.raises(ValueError, match="--grid: for --space alpha and fusion; leave it out"):
        refuse_delegated_options({"preds": (), "grid": "demo"})
    left = {"preds": (), "grid": None, "seed": 1}
    refuse_delegated_options(left)
    assert left == {"seed": 1}


def test_a_dry_run_prints_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    val = tmp_path / "val.json"
    val.write_text(json.dumps(lvis_file()))
    asked = options(tmp_path, preds=("a b=a.json", "c=c.json"), val=val)
    assert run_tune(asked, {}, dry_run=True) == ExitCode.DONE
    printed = capsys.readouterr().out
    assert printed.startswith("python -m ensemble.tune --pred '")
    assert printed.endswith("--margin-trials 1000\n")


def test_a_dry_run_knows_the_metrics_that_the_annotations_define(tmp_path: Path) -> None:
    tree = lvis_file()
    tree["annotations"] = [a for a in tree["annotations"] if a["category_id"] != 3]
    val = tmp_path / "val.json"
    val.write_text(json.dumps(tree))
    asked = options(tmp_path, preds=("a=a.json",), val=val, metrics=("AP", "APr"))
    with pytest.raises(ValueError, match=r"--metric APr: undefined on .* it defines AP, APc, APf"):
        run_tune(asked, {}, dry_run=True)


def test_a_search_without_a_page_has_none_either(tmp_path: Path) -> None:
    write_grid(tmp_path, "first", ("a",), 1)
    for wanted in (False, True):
        command, _ = tune_command(options(tmp_path, no_report=wanted))
        assert ("--no-report" in command) == wanted
