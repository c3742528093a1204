"""The command line of grids, as far as it goes without Ray."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands.grid_command import GridCommand
from support.commands.in_process import exit_code
from support.on_ray.clusters import NO_CLUSTER
from support.places import ROOT

from experiments.grid import main
from longtail.commands import ExitCode


def test_dry_run_prints_the_nodes_and_runs_nothing(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = GridCommand(toy_set, tmp_path, NO_CLUSTER, ("--dry-run",))
    assert exit_code(main, *command.options()) == ExitCode.DONE
    output = capsys.readouterr().out
    assert "2 rows, 6 nodes (0 shared), 6 to run" in output
    assert "cost in worker-hours, by row" in output and "unknown pace of 4 nodes" in output
    assert not list(tmp_path.glob("nodes/*"))


def test_dry_run_says_how_many_runs_a_shared_trunk_saves(
    toy_set: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    rows = "rhead_cat,rhead_cat_3fc"
    command = GridCommand(toy_set, tmp_path, NO_CLUSTER, ("--dry-run",), rows, num_stages=2)
    assert exit_code(main, *command.options()) == ExitCode.DONE
    output = capsys.readouterr().out
    assert output.count("12 x 2, shared trunk (2)") == 2
    assert "3 trainings in 2 passes over the data: 1 run saved" in output


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--variants", "nope"], 2, "--variants nope: 'nope' is unknown; there are softmax_r50"),
        (["--set", "sed=1"], 2, "sed: no field 'sed'; here: data, detector"),
        (["--set", "seed"], 2, "expected path=value"),
        (["--set", "nope:seed=1"], 2, "'nope' is none of the rows sigmoid_r50"),
        (["--workers", "3"], 2, "does not divide stages.0.schedule.images_per_step (4)"),
        (["--resamples", "19"], 2, "19: at least 20, 1000 are usual; 0 for no intervals"),
        (["--baseline", "nope"], 2, "--baseline nope: none of the rows sigmoid_r50"),
        (["--seeds", "a"], 2, "expected numbers as in 0,1,2"),
        (["--pace", "3"], 2, "--pace: goes with --dry-run; add it"),
        (["--dry-run", "--pace", "a=3"], 2, "--pace a=3: 'a' is none of the rows sigmoid_r50"),
        (["--table", "eql_2019_3_coco"], 2, "no row of the table can run: eql_coco_r50 needs"),
        (["--dry-run", "--csv", "grid.csv"], 2, "--csv: nothing is run here; leave it out"),
        (["--list", "--csv", "grid.csv"], 2, "--csv: nothing is run here; leave it out"),
        (["--csv", "nope/grid.csv"], 2, "make the folder nope first"),
        (["--train", "x.json"], 2, "--train, --val and --images belong together"),
        (
            ["--train", "x.json", "--val", "x.json", "--images", "x", "--scale", "demo"],
            3,
            "x.json",
        ),
    ],
)
def test_a_wrong_request_ends_before_anything_runs(
    words: list[str],
    code: int,
    text: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert exit_code(main, "--runs", str(tmp_path / "runs"), *words) == code
    assert text in capsys.readouterr().err
    assert not list(tmp_path.glob("runs/nodes/*"))


@pytest.mark.slow
def test_the_process_ends_with_the_exit_code_and_no_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "experiments/grid.py", "--runs", str(tmp_path), "--variants", "nope"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == ExitCode.USAGE
    assert "'nope' is unknown" in done.stderr and "Traceback" not in done.stderr


def test_what_a_finished_grid_needs_is_light() -> None:
    modules = (
        "experiments.commands.grid.request, experiments.commands.grid.difference_table,"
        " experiments.commands.grid.beside_report, experiments.commands.grid.result_tables,"
        " longtail.cluster.grid,"
        " longtail.cluster.results.named_results, longtail.data.synthetic.dataset"
    )
    heavy = {"mlflow", "pandas", "ray", "scipy.ndimage", "torch"}
    code = f"import sys, {modules}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
