"""A cluster whose head dies ends the command, with a code and words that say so."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from support.commands.grid_command import GridCommand, ended
from support.commands.run_records import assert_mlflow_holds_every_node_once, mlflow_runs
from support.commands.sweep_command import SweepCommand
from support.on_ray.clusters import FOLDER, Cluster, shared_head, wait_for

pytestmark = pytest.mark.slow


def kill_head(cluster: Cluster) -> None:
    """End the control service of a cluster in whose folder all of its processes are."""
    folder = cluster.environment[FOLDER]
    services = [
        process
        for process in psutil.process_iter()
        if process.name() == "gcs_server" and any(folder in word for word in process.cmdline())
    ]
    assert len(services) == 1
    services[0].kill()


def test_a_grid_that_lost_its_head_and_then_its_driver_ends_as_if_nothing_had_been(
    uninterrupted: GridCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = replace(uninterrupted, runs=tmp_path, cluster=own_cluster)
    driver = command.start()
    wait_for(command.has_checkpoint, driver)
    kill_head(own_cluster)
    code, output = ended(driver)
    assert code == 5, output
    assert "is gone: its head (gcs_server) was stopped or killed" in output
    assert "Traceback" not in output
    assert "RUNNING" not in {run.info.status for run in mlflow_runs(tmp_path)}
    driver = command.start()
    wait_for(lambda: len(command.nodes_with_checkpoints()) == 2, driver)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()
    code, output = command.run()
    assert code == 0, output
    assert command.rows() == uninterrupted.rows()
    assert_mlflow_holds_every_node_once(command)


def test_a_sweep_whose_joined_head_dies_is_told_before_ray_ends_it(
    toy_set: Path, tmp_path: Path
) -> None:
    with shared_head() as head:
        # Ray's own patience, a minute, made shorter.
        settings = {**head.environment, "RAY_gcs_rpc_server_reconnect_timeout_s": "40"}
        command = SweepCommand(toy_set, tmp_path, replace(head, environment=settings))
        driver = command.start()
        wait_for(command.has_rung, driver)
        kill_head(head)
        code, output = ended(driver)
    assert code == 5, output
    assert "start the head again, and run the same command again" in output
    assert "RUNNING" not in {run.info.status for run in mlflow_runs(tmp_path)}
