"""All worker groups of a run: as many as the cluster holds, each started once."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray

from longtail.cluster.nodes.settings import WorkerResources
from longtail.cluster.pool.group import WorkerGroup
from longtail.cluster.pool.tasks import Work
from longtail.cluster.pool.work_queue import WorkQueue

IDLE_SECONDS = 60.0
LEAST_MEMORY_LIMIT = 2 * 2**30
END_SECONDS = 10.0


class WorkerPool:
    """Runs tasks on worker groups, each on one that is free.

    Args:
        num_groups: Groups at a time.
        resources: What each occupies while it lives.
        storage: Folder for Ray's own records, absolute, on storage that all machines see.
        idle_seconds: After so long without a task a group gives its CPUs and GPUs back.
        memory_limit: Private bytes that a worker may keep after a task; one that holds more is
            replaced. None takes half of what the cluster has for each worker.
    """

    def __init__(
        self,
        num_groups: int,
        resources: WorkerResources,
        storage: Path,
        *,
        idle_seconds: float = IDLE_SECONDS,
        memory_limit: float | None = None,
    ) -> None:
        if memory_limit is None:
            memory_limit = _fair_memory(num_groups * resources.workers)
        actor = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(WorkQueue)
        # A call of each rank waits in it, and one or two of each group's driver.
        calls = num_groups * (resources.workers + 4)
        self.queue: Any = actor.options(max_concurrency=max(1000, calls)).remote(
            num_groups, idle_seconds
        )
        """Handle of the work queue."""
        self.num_groups = num_groups
        self._groups = [
            WorkerGroup(self.queue, slot, resources, storage, memory_limit)
            for slot in range(num_groups)
        ]
        # The last one that was given back is taken first, so that spare ones become idle.
        self._free: queue.LifoQueue[WorkerGroup] = queue.LifoQueue()
        for group in reversed(self._groups):
            self._free.put(group)

    def start(self, num_groups: int) -> None:
        """Start groups before there is work for them."""
        for group in self._groups[:num_groups]:
            group.start()

    def run(self, work: Work) -> Any:
        """Do a task, waiting for a free group if need be; from any thread.

        Returns:
            The value of rank 0.

        Raises:
            TaskFailedError: It raised a ValueError, or its workers failed too often.
        """
        group = self._free.get()
        try:
            return group.run(work)
        finally:
            self._free.put(group)

    def close(self) -> None:
        """Let all groups end, and wait for that a little."""
        for group in self._groups:
            group.close()
        for group in self._groups:
            group.join(END_SECONDS)


@contextmanager
def worker_pool(num_groups: int, resources: WorkerResources, storage: Path) -> Iterator[WorkerPool]:
    """A pool whose groups end with the block. After an exception they end with the process."""
    pool = WorkerPool(num_groups, resources, storage)
    yield pool
    pool.close()


def _fair_memory(num_workers: int) -> float:
    there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    return max(LEAST_MEMORY_LIMIT, there.get("memory", 0.0) / num_workers / 2)
