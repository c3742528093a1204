"""The lines to type after a grid or a sweep."""

from pathlib import Path

import pytest

from experiments.commands.next_steps import REPOSITORY, mlflow_command

URI = "MLFLOW_TRACKING_URI"


def test_make_is_named_in_the_repository_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(URI, raising=False)
    monkeypatch.chdir(REPOSITORY)
    assert (REPOSITORY / "Makefile").is_file()
    assert mlflow_command(REPOSITORY / "runs") == "make ui"
    assert mlflow_command(tmp_path) == f"make ui RUNS={tmp_path}"
    monkeypatch.chdir(tmp_path)
    assert mlflow_command(tmp_path / "runs") == "python -m dashboards.ui --runs runs"


def test_a_store_of_ones_own_is_opened_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv(URI, f"sqlite:///{tmp_path}/own.db")
    assert mlflow_command(REPOSITORY / "runs").endswith(f"sqlite:///{tmp_path}/own.db")
    monkeypatch.setenv(URI, "https://mlflow.invalid")
    assert mlflow_command(REPOSITORY / "runs") == "open https://mlflow.invalid"
