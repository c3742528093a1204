"""Processes that share matchings: when there are any, and what becomes of them."""

import os
import signal
from multiprocessing import active_children

import pytest

from longtail.commands import InfrastructureError
from longtail.evaluation.workers import DETECTIONS_OF_A_WORKER, Workers


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("most", "num_detections", "num"),
    [
        (8, 0, 1),
        (8, 2 * DETECTIONS_OF_A_WORKER - 1, 1),
        (8, 2 * DETECTIONS_OF_A_WORKER, 2),
        (8, 100 * DETECTIONS_OF_A_WORKER, 8),
        (1, 100 * DETECTIONS_OF_A_WORKER, 1),
    ],
)
def test_processes_go_by_the_detections(most: int, num_detections: int, num: int) -> None:
    assert Workers(most).num_for(num_detections) == num


@pytest.mark.slow
def test_processes_are_kept_until_more_are_needed_and_end_with_the_block() -> None:
    with Workers(3) as workers:
        with workers.processes(2) as first:
            assert first.submit(abs, -1).result() == 1
        with workers.processes(1) as second:
            assert second is first
        with workers.processes(3) as third:
            assert third is not first
            assert third.submit(abs, -2).result() == 2
    assert not active_children()


@pytest.mark.slow
def test_a_killed_worker_is_told_and_the_next_ones_are_new() -> None:
    with Workers(2) as workers:
        match = "a worker process was killed"
        with pytest.raises(InfrastructureError, match=match), workers.processes(2) as pool:
            pool.submit(die).result()
        with workers.processes(2) as pool:
            assert pool.submit(abs, -1).result() == 1
