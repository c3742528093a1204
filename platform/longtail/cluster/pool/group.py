"""One worker group, kept alive from the driver for task after task."""

import shutil
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

from ray import cloudpickle
from ray.train import RunConfig, ScalingConfig
from ray.train.v2.api.config import FailureConfig
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer
from ray.util import remove_placement_group

from longtail.cluster.nodes.settings import WorkerResources
from longtail.cluster.pool.group_name import new_group_name
from longtail.cluster.pool.tasks import Task, TaskFailedError, Work
from longtail.cluster.pool.trainer import trainer_class
from longtail.cluster.pool.worker import serve
from longtail.ray_cluster.calls import answer_of, calling_ray, running_trainer

MAX_FAILURES = 3
CONTROLLER_FAILURES = 3


class WorkerGroup:
    """A run of Ray Train whose workers ask for tasks; started when there is one, and again after
    it broke or was idle.

    Args:
        queue: Handle of the work queue.
        slot: Its place there.
        resources: How many workers, and what each gets.
        storage: Folder for Ray's own records.
        memory_limit: Private bytes that a worker may keep after a task.
    """

    def __init__(
        self,
        queue: Any,
        slot: int,
        resources: WorkerResources,
        storage: Path,
        memory_limit: float,
    ) -> None:
        self._queue, self._slot = queue, slot
        self._resources, self._storage = resources, storage
        self._memory_limit = memory_limit
        self._wanted = threading.Event()
        self._closed = False
        # A daemon: an interrupted driver leaves at once, and the group with it.
        self._thread = threading.Thread(target=self._keep, daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Start before there is a task, or when there is one."""
        self._wanted.set()

    def run(self, work: Work) -> Any:
        """Do a task on every rank; one caller at a time.

        Returns:
            The value of rank 0.

        Raises:
            TaskFailedError: It raised a ValueError, or more than `MAX_FAILURES` groups broke.
        """
        pickled: bytes = cloudpickle.dumps(work)  # type: ignore[no-untyped-call]
        task = Task(uuid.uuid4().hex, pickled, MAX_FAILURES)
        outcome = None
        while outcome is None:
            answer_of(self._queue.submit, self._slot, task)
            self.start()
            outcome = answer_of(self._queue.outcome, self._slot, task.id)
        if outcome.error is not None:
            raise TaskFailedError(outcome.error)
        return cloudpickle.loads(outcome.value)

    def close(self) -> None:
        """Let the group end."""
        self._closed = True
        answer_of(self._queue.close, self._slot)
        self._wanted.set()

    def join(self, seconds: float) -> None:
        """Wait till it has ended."""
        self._thread.join(seconds)

    def _keep(self) -> None:
        while not self._closed:
            self._wanted.wait()
            waiting = not self._closed
            while waiting:
                waiting = self._live_once()

    def _live_once(self) -> bool:
        """Start a group and wait for its end; whether a task waits for another one."""
        name = new_group_name(self._slot)
        answer_of(self._queue.open, self._slot, name)
        error = ""
        try:
            with running_trainer():
                self._trainer(name).fit()
        except Exception as broken:
            error = str(broken)
        # Before the question whether a task waits: one that comes after it sets this again.
        self._wanted.clear()
        waiting, placed = answer_of(self._queue.ended, self._slot, name, error)
        if error and placed is not None:
            # A controller that was killed leaves what its workers occupied.
            with suppress(Exception), calling_ray():
                remove_placement_group(placed)
        # All that is worth keeping is in the nodes' own directories.
        shutil.rmtree(self._storage / name, ignore_errors=True)
        return bool(waiting)

    def _trainer(self, name: str) -> DataParallelTrainer:
        resources = self._resources
        config = {
            "queue": self._queue,
            "slot": self._slot,
            "group": name,
            "memory_limit": self._memory_limit,
        }
        trainer: DataParallelTrainer = trainer_class(resources.workers)(
            serve,
            train_loop_config=config,
            scaling_config=ScalingConfig(
                num_workers=resources.workers,
                use_gpu=resources.gpus > 0,
                resources_per_worker=resources.per_worker(),
            ),
            run_config=RunConfig(
                name=name,
                storage_path=str(self._storage),
                # The work queue counts failures, by task.
                failure_config=FailureConfig(
                    max_failures=0, controller_failure_limit=CONTROLLER_FAILURES
                ),
            ),
        )
        return trainer
