"""The command line of sweeps, as far as it goes without Ray."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.commands.in_process import exit_code
from support.places import ROOT

from experiments.spaces import SPACES
from experiments.sweep import main
from longtail.commands import ExitCode


def files(toy_set: Path, runs: Path) -> list[str]:
    paths = [str(toy_set / name) for name in ("train.json", "val.json", "images")]
    options = zip(("--train", "--val", "--images"), paths, strict=True)
    return [*(word for pair in options for word in pair), "--scale", "demo", "--runs", str(runs)]


def test_commands_load_no_charts_before_they_show_something() -> None:
    code = (
        "import sys, experiments.sweep, ensemble.tune, ensemble.tuning.job, dashboards.at_end;"
        "print({'altair', 'vl_convert'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, experiments.sweep, experiments.grid;"
        "print({'torch', 'ray', 'pydantic', 'rich', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


def test_the_script_starts_from_the_repository() -> None:
    done = subprocess.run(
        [sys.executable, "experiments/sweep.py", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert "--space lambda" in done.stdout
    assert "Exit codes: 0 done, 2 wrong usage" in done.stdout
    assert (ROOT / "experiments" / "sweep.py").stat().st_mode & 0o111


def test_spaces_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(main, "--list") == ExitCode.DONE
    printed = capsys.readouterr().out
    assert all(name in printed for name in [*SPACES, "alpha", "fusion"])


def test_a_dry_run_prints_and_writes_nothing_of_a_sweep(
    toy_set: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = files(toy_set, tmp_path / "runs")
    assert exit_code(main, "--space", "lambda", "--dry-run", *words) == ExitCode.DONE
    assert "20 trials by optuna, to raise AP" in capsys.readouterr().out
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--space", "lambda", "--scheduler", "pbt"], ExitCode.USAGE, "take asha or median"),
        (["--space", "lambda", "--metric", ","], ExitCode.USAGE, "name at least one, as in AP"),
        (["--space", "lambda", "--rungs", "0"], ExitCode.USAGE, "0 is not in the range"),
        (["--space", "lambda", "--reduction", "1"], ExitCode.USAGE, "1 is not in the range"),
        (["--space", "lambda", "--grid", "x"], ExitCode.USAGE, "for --space alpha and fusion"),
        (["--space", "lambda", "--workers", "4000"], ExitCode.INFRASTRUCTURE, "lower --workers"),
        (["--space", "lambda", "--variant", "no.json"], ExitCode.BAD_INPUT, "no such file"),
        (["--space", "lambda", "--resamples", "3"], ExitCode.USAGE, "0 for no intervals"),
        (["--space", "lambda", "--dry-run", "--csv", "t.csv"], ExitCode.USAGE, "--csv: nothing is"),
        (["--space", "alpha", "--csv", "t.csv"], ExitCode.USAGE, "--csv: --space alpha"),
        (["--space", "alpha", "--confirm", "2"], ExitCode.USAGE, "--confirm: --space alpha"),
        (["--space", "alpha", "--scale", "demo"], ExitCode.USAGE, "--scale: --space alpha"),
    ],
)
def test_what_cannot_be_done_ends_before_ray_starts(
    words: list[str],
    code: ExitCode,
    message: str,
    toy_set: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert exit_code(main, *words, *([] if "alpha" in words else files(toy_set, tmp_path))) == code
    assert message in capsys.readouterr().err
