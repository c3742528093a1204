"""Processes that share matchings: started where there is enough to do, kept for the next one.

A process takes as long to start as some hundred thousand detections take to match, so that few of
them are matched without.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from types import TracebackType

from longtail.commands import InfrastructureError

DETECTIONS_OF_A_WORKER = 2**20


class Workers:
    """The processes of one evaluation, or of all of one merge.

    Args:
        most: How many may be started, at least 1; with 1 there is none but the caller's.
    """

    def __init__(self, most: int = 1) -> None:
        self._most = most
        self._num_started = 0
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()

    def num_for(self, num_detections: int) -> int:
        """Processes that share the matching of so many detections; 1 is that of the caller."""
        return max(1, min(self._most, num_detections // DETECTIONS_OF_A_WORKER))

    @contextmanager
    def processes(self, num: int) -> Iterator[ProcessPoolExecutor]:
        """At least `num` processes; those that are there already, if they are enough.

        Raises:
            InfrastructureError: One of them was killed.
        """
        if self._pool is None or self._num_started < num:
            self._end()
            self._pool = ProcessPoolExecutor(num, mp_context=get_context("spawn"))
            self._num_started = num
        try:
            yield self._pool
        except BaseException as error:
            # What was asked for and not begun is not wanted any more.
            self._end()
            if isinstance(error, BrokenProcessPool):
                raise InfrastructureError(
                    "a worker process was killed, most likely for want of memory; run the same "
                    "command again, with fewer workers"
                ) from None
            raise

    def _end(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
