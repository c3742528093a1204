"""Where the tasks of a merge run: in this process, or in several on this machine.

A backend takes a function of a module and its arguments and yields results as they come; the order
of the results must not matter to its caller. The third backend is Ray (`ray_backend`).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
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
