"""The command that watches: what it prints, keeps and refuses."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands.in_process import exit_code
from support.dashboards.made_grid_in_motion import row_of, write_plan
from support.places import ROOT

from dashboards.watch import main
from longtail.commands import ExitCode


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """With a grid that ended."""
    nodes = row_of(0, "sigmoid", ("done", "failed", "blocked"))
    write_plan(tmp_path / "grids" / "mine", nodes, ended="failed")
    return tmp_path


def test_it_prints_once_where_there_is_no_terminal(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, str(runs)) == ExitCode.DONE
    text = capsys.readouterr().out
    assert "grid mine, failed" in text and "sigmoid evaluation" in text


def test_a_page_of_what_ended_is_written_once(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = runs / "now.html"
    assert exit_code(main, str(runs), "--html", str(page)) == ExitCode.DONE
    assert "grid mine, failed" in page.read_text()
    assert exit_code(main, str(runs), "--html", str(page)) == ExitCode.USAGE
    assert "--force" in capsys.readouterr().err
    assert exit_code(main, str(runs), "--html", str(page), "--force") == ExitCode.DONE


def test_what_is_watched_is_not_replaced_even_by_force(runs: Path) -> None:
    plan = runs / "grids" / "mine" / "plan.json"
    before = plan.read_bytes()
    assert exit_code(main, str(runs), "--html", str(plan), "--force") == ExitCode.USAGE
    assert plan.read_bytes() == before


def test_a_grid_that_is_not_there_is_told_with_those_that_are(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, str(runs), "--grid", "other") == ExitCode.BAD_INPUT
    assert "there are: mine" in capsys.readouterr().err


def test_a_folder_that_is_none_of_runs_is_bad_input(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "photos"
    other.mkdir()
    assert exit_code(main, str(other)) == ExitCode.DONE
    assert "no node began yet" in capsys.readouterr().out
    (other / "a.jpg").touch()
    assert exit_code(main, str(other)) == ExitCode.BAD_INPUT
    assert f"{other}: no runs folder" in capsys.readouterr().err
    for name in ("mlflow.db", "nodes", "sweeps"):
        (other / name).mkdir()
        assert exit_code(main, str(other)) == ExitCode.DONE
        (other / name).rmdir()


def test_the_folder_of_one_grid_is_told_with_how_it_is_watched(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(main, str(runs / "grids" / "mine")) == ExitCode.BAD_INPUT
    assert f"watch it by {runs} --grid mine" in capsys.readouterr().err


def test_watching_draws_nothing(runs: Path) -> None:
    code = (
        "import sys\nfrom dashboards.watch import main\n"
        f"main([{str(runs)!r}], standalone_mode=False)\n"
        "print({'altair', 'mlflow', 'ray', 'torch', 'pandas'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
