"""The command that serves MLflow's page and says what to open."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support.commands.in_process import exit_code
from support.dashboards.made_runs import EXPERIMENT, make_grid
from support.places import ROOT

from dashboards.ui import main
from longtail.commands import ExitCode


def test_without_a_store_it_says_what_to_run_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert exit_code(main, "--runs", str(tmp_path)) == ExitCode.BAD_INPUT
    error = capsys.readouterr().err
    assert str(tmp_path / "mlflow.db") in error and "run experiments/grid.py first" in error


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
def test_an_experiment_that_is_not_there_is_told_with_those_that_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def served(*_: object) -> None:
        raise AssertionError("it serves")

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr("dashboards.views.server.served", served)
    make_grid(tmp_path)
    words = ["--runs", str(tmp_path), "--experiment", "nope"]
    assert exit_code(main, *words) == ExitCode.BAD_INPUT
    told = capsys.readouterr().err
    assert "no MLflow experiment is called 'nope'" in told and repr(EXPERIMENT) in told


@pytest.mark.slow
@pytest.mark.parametrize("words", [(), ("--experiment", "mine")])
def test_a_server_that_is_away_is_told(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Nothing listens on port 9, and a refused connection is not tried for long.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert exit_code(main, *words) == ExitCode.INFRASTRUCTURE
    told = capsys.readouterr().err
    assert "MLflow at http://" in told and "secret" not in told


@pytest.mark.slow
def test_it_serves_prints_links_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    make_grid(tmp_path)
    report = tmp_path / "grids" / "g" / "report.html"
    report.parent.mkdir(parents=True)
    report.touch()
    port = str(5400 + os.getpid() % 1000)
    command = [sys.executable, "-m", "dashboards.ui", "--runs", str(tmp_path), "--port", port]
    # What a shell starts in the background ignores SIGINT.
    running = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, preexec_fn=_interruptible
    )
    try:
        assert running.stdout is not None
        lines = []
        for line in running.stdout:
            lines.append(line.strip())
            if line.startswith("Ctrl-C"):
                break
        below = psutil.Process(running.pid).children(recursive=True)
        assert below
        running.send_signal(signal.SIGINT)
        assert running.wait(120) == ExitCode.DONE
    finally:
        running.kill()
    assert not [process for process in below if process.is_running()]
    address = re.match(rf"MLflow (http://127\.0\.0\.1:\d+), experiment {EXPERIMENT}", lines[0])
    assert address is not None
    shown = dict(re.split(r"  +", line) for line in lines[1:5])
    assert list(shown) == ["Rows", "Means over seeds", "AP against APr", "Difference"]
    assert shown["Rows"].startswith(f"{address[1]}/#/experiments/")
    assert lines[5:7] == ["newest reports", report.as_uri()]
