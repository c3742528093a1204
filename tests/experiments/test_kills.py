"""What is left after a driver or a worker was killed is made up for, to the last digit."""

import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from support.commands.grid_command import GridCommand
from support.commands.run_records import (
    assert_mlflow_holds_every_node_once,
    assert_trained_as_apart,
    both,
    children,
    retrained,
    starts,
)
from support.commands.sweep_command import SweepCommand
from support.on_ray.clusters import Cluster, wait_for

pytestmark = pytest.mark.slow


def training_workers(driver: int, command: GridCommand) -> list[psutil.Process]:
    """The processes of a driver's own cluster that train: they hold the locks of their nodes."""
    locks = {str(lock) for lock in command.runs.glob("nodes/stage-*/training.lock")}
    holders = []
    for process in psutil.Process(driver).children(recursive=True):
        # Some end meanwhile.
        with suppress(psutil.Error):
            if locks & {file.path for file in process.open_files()}:
                holders.append(process)
    return holders


def work_queues(driver: int) -> list[psutil.Process]:
    """The actors of a driver's own cluster that hand out work."""
    processes = psutil.Process(driver).children(recursive=True)
    return [process for process in processes if process.name().startswith("ray::WorkQueue")]


def attempts(command: GridCommand) -> int:
    lines = [line for journal in command.journals().values() for line in journal]
    return max(line["attempt"] for line in lines)


def test_a_killed_worker_and_a_killed_queue_are_replaced_while_the_grid_runs(
    uninterrupted: GridCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = replace(uninterrupted, runs=tmp_path, cluster=own_cluster)
    driver = command.start()
    wait_for(lambda: bool(training_workers(driver.pid, command)), driver)
    worker = training_workers(driver.pid, command)[0]
    wait_for(command.has_checkpoint, driver)
    worker.kill()
    wait_for(lambda: len(command.nodes_with_checkpoints()) == 2, driver)
    (queue,) = work_queues(driver.pid)
    queue.kill()
    output, _ = driver.communicate(timeout=600)
    assert driver.returncode == 0, output
    assert command.rows() == uninterrupted.rows()
    # The worker cost one; what was in flight when the queue died goes on or is looked at again.
    assert attempts(command) == 2
    assert_mlflow_holds_every_node_once(command)


def test_a_driver_killed_in_a_pass_is_made_up_for(
    apart: GridCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = both(apart, tmp_path, own_cluster)
    driver = command.start()
    wait_for(lambda: any(any(n.glob("checkpoints/step-*")) for n in retrained(command)), driver)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()
    code, output = command.run()
    assert code == 0, output
    assert_trained_as_apart(retrained(command), retrained(apart))
    # The workers may be done before the end of their driver reaches them: one start, then.
    first, second = (len(starts(node)) for node in retrained(command))
    assert first == second and first in (1, 2)


def test_a_sweep_killed_in_the_midst_ends_with_every_trial_once(
    swept: SweepCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = replace(swept, runs=tmp_path, cluster=own_cluster)
    process = command.start()
    wait_for(command.has_rung, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(command.trials()) < 5
    code, output = command.run()
    assert code == 0, output
    trials, whole = command.trials(), swept.trials()
    assert sorted(trials) == [0, 1, 2, 3, 4]
    for number, trial in trials.items():
        assert (trial["point"], trial["training"]) == (
            whole[number]["point"],
            whole[number]["training"],
        )
        # The scheduler may let another one go on; as far as both came they are equal.
        for rung, other in zip(trial["curve"], whole[number]["curve"], strict=False):
            assert rung == other
    kinds, statuses = children(command)
    assert all(len(of_trial) == 1 for of_trial in kinds.values()) and len(kinds) == 5
    assert set(statuses) == {"FINISHED"}
