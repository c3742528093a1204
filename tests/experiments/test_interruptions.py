"""A command that is told to end says how to go on, and leaves no open run in MLflow."""

import os
import signal
from pathlib import Path

import pytest
from support.commands.grid_command import GridCommand, ended
from support.commands.run_records import children, mlflow_runs
from support.commands.sweep_command import SweepCommand
from support.on_ray.clusters import Cluster, wait_for

pytestmark = pytest.mark.slow


def test_a_signal_to_end_ends_the_grid_and_its_open_runs(
    toy_set: Path, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = GridCommand(toy_set, tmp_path, own_cluster)
    driver = command.start()
    wait_for(command.has_checkpoint, driver)
    driver.send_signal(signal.SIGTERM)
    output, _ = driver.communicate(timeout=120)
    assert driver.returncode == 143, output
    assert "run the same command again to go on" in output
    assert {run.info.status for run in mlflow_runs(command.runs)} == {"KILLED"}


def test_an_interrupted_sweep_says_how_to_go_on(
    toy_set: Path, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = SweepCommand(toy_set, tmp_path, own_cluster)
    process = command.start()
    wait_for(command.has_rung, process)
    os.killpg(process.pid, signal.SIGINT)
    code, output = ended(process)
    assert code == 130, output
    assert "run the same command again" in output
    assert len(command.trials()) < 5
    _, statuses = children(command)
    assert statuses and "RUNNING" not in statuses
