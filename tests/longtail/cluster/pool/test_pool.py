"""Worker groups of a real local Ray: warm, killed, idle; every task is done exactly once."""

import os
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.on_ray.pool_works import Toy
from support.places import ROOT

from longtail.cluster.nodes.places import read_places
from longtail.cluster.nodes.settings import WorkerResources
from longtail.cluster.pool.placed import placed
from longtail.cluster.pool.pool import WorkerPool
from longtail.cluster.pool.tasks import TaskFailedError, Work

pytestmark = pytest.mark.slow

ONE_WORKER = WorkerResources(1, 1.0, 0.0)
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A local Ray of this process alone: its actors are killed."""
    import ray

    from longtail.ray_cluster.connection import connect

    tests = str(ROOT / "tests")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        # Where it was before is what it is set back to: connecting sets it.
        patch.setenv("RAY_TMPDIR", tempfile.gettempdir())
        # Tests say when a process ends; others on a full machine would decide that otherwise.
        patch.setenv("RAY_memory_monitor_refresh_ms", "0")
        # Workers find the module of the work there.
        patch.setenv("PYTHONPATH", tests, prepend=os.pathsep)
        connect(None)
        yield
        ray.shutdown()


@pytest.fixture(scope="module")
def pool(cluster: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    """One group of one worker; a process that keeps 3 GB is too large."""
    made = WorkerPool(1, ONE_WORKER, tmp_path_factory.mktemp("ray"), memory_limit=3000 * MEGABYTE)
    yield made
    made.close()


class Running:
    """A task that runs in a thread of the driver, as those of a grid do."""

    def __init__(self, pool: WorkerPool, work: Work) -> None:
        self.value: Any = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(pool, work), daemon=True)
        self._thread.start()

    def _run(self, pool: WorkerPool, work: Work) -> None:
        try:
            self.value = pool.run(work)
        except Exception as error:
            self.error = error

    def join(self) -> "Running":
        self._thread.join(300)
        assert not self._thread.is_alive(), "nothing happened"
        return self


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def toy(tmp_path: Path, name: str, **changes: Any) -> Toy:
    folder = tmp_path / name
    folder.mkdir()
    return Toy(folder, **changes)


def actors(name: str) -> list[int]:
    """Processes of an actor's class in the local cluster."""
    found = []
    for process in psutil.Process().children(recursive=True):
        # Some end meanwhile.
        with suppress(psutil.Error):
            if name in " ".join(process.cmdline()):
                found.append(process.pid)
    return found


def assert_done_once_after_a_kill(task: Toy, running: Running) -> None:
    """The attempts did not overlap, the second one went on, and one came to the end."""
    assert running.error is None and running.value == [0, 1, task.steps]
    first, second = task.lines(what="begun")
    assert first["pid"] != second["pid"]
    assert [line["what"] for line in task.lines()] == ["begun", "holding", "begun", "ended"]


def test_tasks_share_a_process_and_return_their_values(pool: WorkerPool, tmp_path: Path) -> None:
    tasks = [toy(tmp_path, name, steps=number) for number, name in enumerate("abc", 1)]
    assert [pool.run(task) for task in tasks] == [[0, 1, 1], [0, 1, 2], [0, 1, 3]]
    assert len({task.lines()[0]["pid"] for task in tasks}) == 1


@pytest.mark.parametrize("later", [False, True], ids=["first task", "later task"])
def test_a_killed_worker_is_replaced_and_goes_on(
    later: bool, pool: WorkerPool, tmp_path: Path
) -> None:
    if later:
        pool.run(toy(tmp_path, "before"))
    task = toy(tmp_path, "killed", holds_at=1)
    running = Running(pool, placed([task.folder], task))
    wait_for(lambda: task.lines(what="holding"))
    os.kill(task.lines()[0]["pid"], signal.SIGKILL)
    task.go()
    assert_done_once_after_a_kill(task, running.join())
    places = [(of.host, of.group, of.workers, of.device) for of in read_places(task.folder)]
    assert places == [(socket.gethostname(), 0, 1, "cpu")] * 2


def test_a_worker_killed_between_tasks_is_replaced_for_the_next(
    pool: WorkerPool, tmp_path: Path
) -> None:
    one, other = toy(tmp_path, "one"), toy(tmp_path, "other")
    pool.run(one)
    os.kill(one.lines()[0]["pid"], signal.SIGKILL)
    assert pool.run(other) == [0, 1, 3]
    assert [line["what"] for line in other.lines()] == ["begun", "ended"]
    assert other.lines()[0]["pid"] != one.lines()[0]["pid"]


def test_a_killed_queue_forgets_and_the_task_in_flight_is_done_after_the_one_that_ran(
    pool: WorkerPool, tmp_path: Path
) -> None:
    task = toy(tmp_path, "in flight", holds_at=1)
    running = Running(pool, task)
    wait_for(lambda: task.lines(what="holding"))
    (queue,) = actors("ray::WorkQueue")
    os.kill(queue, signal.SIGKILL)
    wait_for(lambda: actors("ray::WorkQueue") not in ([], [queue]))
    task.go()
    running.join()
    assert running.error is None and running.value == [0, 1, 3]
    # The second attempt finds all steps done.
    kinds = [line["what"] for line in task.lines()]
    assert kinds == ["begun", "holding", "ended", "begun", "ended"]
    assert pool.run(toy(tmp_path, "after")) == [0, 1, 3]


def test_a_killed_controller_is_a_failure_of_its_group(pool: WorkerPool, tmp_path: Path) -> None:
    pool.run(toy(tmp_path, "before"))
    task = toy(tmp_path, "killed", holds_at=1)
    running = Running(pool, task)
    wait_for(lambda: task.lines(what="holding"))
    (controller,) = actors("ray::TrainController")
    os.kill(controller, signal.SIGKILL)
    task.go()
    running.join()
    assert running.error is None and running.value == [0, 1, 3]
    # Ray ends an orphaned worker when it notices; till then it would take the next test's task.
    wait_for(lambda: not psutil.pid_exists(task.lines()[0]["pid"]))


def test_bad_input_fails_at_once_and_the_process_goes_on(pool: WorkerPool, tmp_path: Path) -> None:
    bad, good = toy(tmp_path, "bad", raises=ValueError, times=9), toy(tmp_path, "good")
    with pytest.raises(TaskFailedError, match=r"^ValueError: no luck in bad$"):
        pool.run(bad)
    assert len(bad.lines(what="begun")) == 1
    assert pool.run(good) == [0, 1, 3]
    assert good.lines()[0]["pid"] == bad.lines()[0]["pid"]


def test_another_exception_is_tried_again_in_a_fresh_process(
    pool: WorkerPool, tmp_path: Path
) -> None:
    task = toy(tmp_path, "unlucky", raises=RuntimeError)
    assert pool.run(task) == [0, 1, 3]
    assert [line["what"] for line in task.lines()] == ["begun", "raised", "begun", "ended"]
    first, second = task.lines(what="begun")
    assert first["pid"] != second["pid"]


def test_what_fails_too_often_fails_with_its_traceback(
    pool: WorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longtail.cluster.pool.group.MAX_FAILURES", 0)
    task = toy(tmp_path, "hopeless", raises=RuntimeError, times=9)
    with pytest.raises(TaskFailedError, match=r"(?s)^1 attempts failed.*pool_works.*no luck in"):
        pool.run(task)


def test_a_process_that_keeps_too_much_is_replaced(pool: WorkerPool, tmp_path: Path) -> None:
    hungry = toy(tmp_path, "hungry", keeps=3000 * MEGABYTE)
    after = toy(tmp_path, "after")
    assert [pool.run(hungry), pool.run(after)] == [[0, 1, 3], [0, 1, 3]]
    assert hungry.lines()[0]["pid"] != after.lines()[0]["pid"]


def test_an_idle_group_gives_its_processors_back_and_is_started_again(
    cluster: None, pool: WorkerPool, tmp_path: Path
) -> None:
    import ray

    def free() -> float:
        return float(ray.available_resources().get("CPU", 0.0))

    before = free()
    idle = WorkerPool(1, ONE_WORKER, tmp_path / "ray", idle_seconds=0.5)
    first, second = toy(tmp_path, "first"), toy(tmp_path, "second")
    idle.run(first)
    wait_for(lambda: free() == before)
    assert idle.run(second) == [0, 1, 3]
    assert first.lines()[0]["pid"] != second.lines()[0]["pid"]
    idle.close()


def test_two_ranks_share_a_task_and_one_that_is_killed_takes_the_other_along(
    cluster: None, pool: WorkerPool, tmp_path: Path
) -> None:
    pool.close()
    pair = WorkerPool(1, WorkerResources(2, 1.0, 0.0), tmp_path / "ray")
    task = toy(tmp_path, "shared", holds_at=1)
    running = Running(pair, task)
    wait_for(lambda: task.lines(0, "holding") and task.lines(1, "holding"))
    os.kill(task.lines(1)[0]["pid"], signal.SIGKILL)
    task.go()
    running.join()
    assert running.error is None and running.value == [0, 2, 3]
    for rank in (0, 1):
        assert len({line["pid"] for line in task.lines(rank, "begun")}) == 2
    pair.close()
