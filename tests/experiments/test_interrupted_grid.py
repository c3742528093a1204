"""A grid that was told to end, lost its head, its driver, a worker or its queue is made up for, to
the last digit."""

import os
import signal
import subprocess
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from support.commands.grid_command import GridCommand, ended
from support.commands.run_records import (
    assert_mlflow_holds_every_node_once,
    assert_trained_as_apart,
    both,
    mlflow_runs,
    retrained,
    starts,
)
from support.on_ray.clusters import Cluster, kill_head, wait_for

from longtail.training.journal import read_lines

pytestmark = pytest.mark.slow


def attempts(command: GridCommand) -> Counter[str]:
    """How often each training was begun or gone on with."""
    journals = command.runs.glob("nodes/stage-*/metrics.jsonl")
    return Counter(
        {
            journal.parent.name: sum(line.get("event") == "started" for line in read_lines(journal))
            for journal in journals
        }
    )


def stopped_in_a_training(
    driver: subprocess.Popen[str], command: GridCommand, before: Counter[str]
) -> psutil.Process:
    """A worker of a driver's own cluster, which goes no further, in the midst of an attempt.

    Args:
        driver: The command, running.
        command: What it is.
        before: The attempts before it was started.
    """
    stopped: list[psutil.Process] = []

    def stop() -> bool:
        # The process that trains a node holds its lock.
        locks = {
            str(command.runs / "nodes" / node / "training.lock")
            for node in attempts(command) - before
        }
        for process in psutil.Process(driver.pid).children(recursive=True) if locks else []:
            # Some end meanwhile.
            with suppress(psutil.Error):
                if holds_one_of(locks, process):
                    process.suspend()
                    if holds_one_of(locks, process):
                        stopped.append(process)
                        return True
                    process.resume()
        return False

    wait_for(stop, driver)
    return stopped[0]


def holds_one_of(files: set[str], process: psutil.Process) -> bool:
    return not files.isdisjoint(file.path for file in process.open_files())


def work_queues(driver: int) -> list[psutil.Process]:
    """The actors of a driver's own cluster that hand out work."""
    processes = psutil.Process(driver).children(recursive=True)
    return [process for process in processes if process.name().startswith("ray::WorkQueue")]


def test_a_grid_that_was_ended_in_every_way_comes_to_the_end_of_one_that_was_not(
    uninterrupted: GridCommand, own_cluster: Cluster, tmp_path: Path
) -> None:
    command = replace(uninterrupted, runs=tmp_path, cluster=own_cluster)
    told_to_end(command)
    head_killed(command)
    driver_killed(command)
    worker_and_queue_killed(command)
    assert command.rows() == uninterrupted.rows()
    assert_mlflow_holds_every_node_once(command)


def told_to_end(command: GridCommand) -> None:
    driver = command.start()
    wait_for(command.has_checkpoint, driver)
    driver.send_signal(signal.SIGTERM)
    output, _ = driver.communicate(timeout=120)
    assert driver.returncode == 143, output
    assert "run the same command again to go on" in output
    assert {run.info.status for run in mlflow_runs(command.runs)} == {"KILLED"}


def head_killed(command: GridCommand) -> None:
    before = attempts(command)
    driver = command.start()
    # So that there is something left to train when the driver has noticed.
    stopped_in_a_training(driver, command, before)
    kill_head(command.cluster)
    code, output = ended(driver)
    assert code == 5, output
    assert "is gone: its head (gcs_server) was stopped or killed" in output
    assert "Traceback" not in output
    assert "RUNNING" not in {run.info.status for run in mlflow_runs(command.runs)}


def driver_killed(command: GridCommand) -> None:
    before = attempts(command)
    driver = command.start()
    wait_for(lambda: bool(attempts(command) - before), driver)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.communicate()


def worker_and_queue_killed(command: GridCommand) -> None:
    """Both are replaced while the grid runs, and it comes to its end."""
    before = attempts(command)
    driver = command.start()
    worker = stopped_in_a_training(driver, command, before)
    then = attempts(command)
    worker.kill()
    wait_for(lambda: len(command.nodes_with_checkpoints()) == 2, driver)
    (queue,) = work_queues(driver.pid)
    queue.kill()
    code, output = ended(driver)
    assert code == 0, output
    # The worker cost one; what was in flight when the queue died goes on or is looked at again.
    others = 2 - len(then)
    assert attempts(command).total() == then.total() + 1 + others


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
