"""Where the tasks of a merge run: in this process, in several on this machine, or on Ray.

A backend takes a function of a module and its arguments and yields results as they come; the order
of the results must not matter to its caller. That of Ray is in `ray_workers`.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Protocol

from longtail.commands import InfrastructureError


class Backend(Protocol):
    """Runs one function for many arguments."""

    def run(self, call: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """The results of `call(*arguments[i])`, as they come.

        Raises:
            Exception: What a call raised; the others are not waited for.
        """


class InProcess:
    """One after the other, in this process."""

    def run(self, call: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """See `Backend`."""
        return (call(*each) for each in arguments)


class Processes:
    """Processes on this machine.

    Args:
        num_workers: How many, at least 1.
    """

    def __init__(self, num_workers: int) -> None:
        self._num_workers = num_workers

    def run(self, call: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """See `Backend`."""
        if not arguments:
            return
        processes = min(self._num_workers, len(arguments))
        pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
        try:
            for future in as_completed([pool.submit(call, *each) for each in arguments]):
                yield future.result()
        except BrokenProcessPool:
            raise InfrastructureError(
                "a worker process was killed, most likely for want of memory; run the same "
                "command again to go on, with fewer --num-workers"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def num_processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def local_backend(num_workers: int) -> Backend:
    """A backend of this machine.

    Raises:
        ValueError: Less than one worker.
    """
    if num_workers < 1:
        raise ValueError(f"--num-workers {num_workers}: at least 1")
    return InProcess() if num_workers == 1 else Processes(num_workers)


@dataclass(frozen=True)
class Place:
    """Where a merge runs.

    Attributes:
        num_workers: Most processes on this machine; None for one a processor.
        use_ray: A Ray cluster instead.
        address: Of that.
    """

    num_workers: int | None = None
    use_ray: bool = False
    address: str | None = None

    def __post_init__(self) -> None:
        if self.use_ray and self.num_workers is not None:
            raise ValueError("--num-workers is for this machine; leave it out with --ray")
        if self.address is not None and not self.use_ray:
            raise ValueError("--address is that of a Ray cluster; give --ray too")

    @property
    def processes(self) -> int:
        """Processes of this machine that may be used."""
        return num_processors() if self.num_workers is None else self.num_workers

    @contextmanager
    def backend(self, num_worthy: int) -> Iterator[Backend]:
        """What runs tasks.

        Args:
            num_worthy: Processes of this machine that have enough to do to be worth their start;
                with less than two of them the tasks run in this process.

        Raises:
            ValueError: Less than one worker.
            InfrastructureError: The cluster cannot be reached.
        """
        if not self.use_ray:
            # Checked whatever there is to do.
            allowed = local_backend(self.processes)
            few = num_worthy < self.processes
            yield local_backend(max(1, num_worthy)) if few else allowed
            return
        from ensemble.merging.ray_workers import RayTasks

        yield RayTasks(self.address)
