"""A sweep that is interrupted, killed or loses its cluster: what it says, and how it goes on."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from support.commands.grid_command import ended
from support.commands.run_records import children, mlflow_runs
from support.commands.sweep_command import SweepCommand
from support.on_ray.clusters import Cluster, kill_head, shared_head, wait_for

pytestmark = pytest.mark.slow


def test_an_interrupted_sweep_says_how_to_go_on(
    toy_set: Path, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = SweepCommand(toy_set, tmp_path, own_cluster, num_trials=2)
    process = command.start()
    wait_for(command.has_rung, process)
    os.killpg(process.pid, signal.SIGINT)
    code, output = ended(process)
    assert code == 130, output
    assert "run the same command again" in output
    assert len(command.trials()) < 2
    _, statuses = children(command)
    assert statuses and "RUNNING" not in statuses


def test_a_sweep_killed_in_the_midst_ends_with_every_trial_once(
    swept: SweepCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = replace(swept, runs=tmp_path, cluster=own_cluster, num_trials=3)
    process = command.start()
    wait_for(command.has_rung, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(command.trials()) < 3
    code, output = command.run()
    assert code == 0, output
    trials, whole = command.trials(), swept.trials()
    assert sorted(trials) == [0, 1, 2]
    for number, trial in trials.items():
        assert (trial["point"], trial["training"]) == (
            whole[number]["point"],
            whole[number]["training"],
        )
        # The scheduler may let another one go on; as far as both came they are equal.
        for rung, other in zip(trial["curve"], whole[number]["curve"], strict=False):
            assert rung == other
    kinds, statuses = children(command)
    assert all(len(of_trial) == 1 for of_trial in kinds.values()) and len(kinds) == 3
    assert set(statuses) == {"FINISHED"}


def test_a_sweep_whose_joined_head_dies_is_told_before_ray_ends_it(
    toy_set: Path, tmp_path: Path
) -> None:
    with shared_head() as head:
        # Ray's own patience, a minute, made shorter.
        settings = {**head.environment, "RAY_gcs_rpc_server_reconnect_timeout_s": "30"}
        joined = replace(head, environment=settings)
        command = SweepCommand(toy_set, tmp_path, joined, num_trials=2)
        driver = command.start()
        wait_for(command.has_rung, driver)
        kill_head(head)
        code, output = ended(driver)
    assert code == 5, output
    assert "start the head again, and run the same command again" in output
    assert "RUNNING" not in {run.info.status for run in mlflow_runs(tmp_path)}
