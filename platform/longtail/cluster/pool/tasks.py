"""What is handed between the driver, the work queue and the workers: plain values.

Imports nothing heavy: the queue's process has this module too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Work = Callable[[int, int], Any]
"""Called on every rank of a group with its rank and the world size; goes on from what an earlier
attempt left in storage. The value of rank 0 is that of the task."""

Run = Callable[[Work], Any]
"""Does a task on a worker group and returns the value of rank 0; raises `TaskFailedError`."""


class TaskFailedError(RuntimeError):
    """A task failed for good, or its workers failed too often."""


@dataclass(frozen=True)
class Task:
    """A piece of work on its way.

    Attributes:
        id: Never used again.
        work: A pickled `Work`; the queue need not import what it is about.
        max_failures: Attempts that may fail before it has failed.
    """

    id: str
    work: bytes
    max_failures: int


@dataclass(frozen=True)
class Outcome:
    """How a task ended.

    Attributes:
        value: The pickled value of rank 0.
        error: Why it failed; None if it is done.
    """

    value: bytes = b""
    error: str | None = None
