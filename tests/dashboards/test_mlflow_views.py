"""The command that writes views: the links that it prints, and what it refuses."""

from pathlib import Path

import pytest
from support.commands.in_process import exit_code
from support.dashboards.made_runs import EXPERIMENT, make_grid

from dashboards.mlflow_views import main
from longtail.commands import ExitCode


@pytest.mark.slow
def test_links_lead_to_where_the_store_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    make_grid(tmp_path)
    assert exit_code(main, EXPERIMENT, "--runs", str(tmp_path)) == ExitCode.DONE
    rows, means, *_, last = capsys.readouterr().out.splitlines()
    assert rows.split()[1].startswith("http://127.0.0.1:5000/#/experiments/")
    assert "workflowType=machine_learning&viewStateShareKey=longtail-rows" in rows
    assert means.startswith("Means over seeds") and "make ui" in last
    words = (EXPERIMENT, "--runs", str(tmp_path), "--server", "https://mlflow.example.org/")
    assert exit_code(main, *words) == ExitCode.DONE
    out = capsys.readouterr().out
    assert "https://mlflow.example.org/#/experiments/" in out and "make ui" not in out
    assert exit_code(main, "other", "--runs", str(tmp_path)) == ExitCode.BAD_INPUT
    assert f"there are 'Default', '{EXPERIMENT}'" in capsys.readouterr().err.replace(
        f"'{EXPERIMENT}', 'Default'", f"'Default', '{EXPERIMENT}'"
    )


def test_without_a_store_it_says_what_to_run_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert exit_code(main, "any", "--runs", str(tmp_path)) == ExitCode.BAD_INPUT
    assert "run experiments/grid.py first" in capsys.readouterr().err
