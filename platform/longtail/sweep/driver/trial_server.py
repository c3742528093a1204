"""The driver's side of a sweep: takes what trials ask for, has it done, and answers.

One thread collects requests and forms groups of trials; each group is worked on in a thread of its
own, as many at a time as the cluster has slots. All of them end with the process.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from longtail.cluster.pool.tasks import Run
from longtail.ray_cluster.calls import answer_of
from longtail.sweep.driver.trial_groups import PendingTrial, may_share, trial_groups
from longtail.sweep.driver.trial_runner import TrialRunner
from longtail.sweep.search.rung_requests import RungRequest, RungResult

POLL_SECONDS = 0.2
QUIET_SECONDS = 4.0
"""A trial that may share a pass waits so long for others to ask."""

PendingOf = Callable[[RungRequest], PendingTrial]
OnError = Callable[[str, str], object]


class TrialServer:
    """Serves the trials of one sweep.

    Args:
        runner: Does the work.
        rung_requests: Handle of the `RungRequests`.
        run: Does a task on a worker group.
        slots: Groups at a time.
        concurrent: Trials that Tune runs at a time.
        pending_of: Tells which trial asks: its number, row and where it stands.
        on_error: Told why a trial fails, by Tune's id, before Tune is.
    """

    def __init__(
        self,
        runner: TrialRunner,
        rung_requests: Any,
        run: Run,
        slots: int,
        concurrent: int,
        pending_of: PendingOf,
        on_error: OnError,
    ) -> None:
        self._runner, self._rung_requests, self._run = runner, rung_requests, run
        self._pending_of, self._on_error = pending_of, on_error
        self._slots, self._concurrent = slots, concurrent
        self._waiting: list[PendingTrial] = []
        self._answered: queue.SimpleQueue[PendingTrial] = queue.SimpleQueue()
        self._over: queue.SimpleQueue[list[PendingTrial]] = queue.SimpleQueue()
        self._num_working = 0
        self._groups: list[list[PendingTrial]] = []
        self._last_asked = time.monotonic()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.problem: BaseException | None = None
        """Why nothing can be served any more; None while all is well."""

    def __enter__(self) -> "TrialServer":
        """Serve from now on."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Collect no more; groups at work end with the process."""
        self._closed.set()
        self._thread.join()

    def _serve(self) -> None:
        try:
            while not self._closed.wait(POLL_SECONDS):
                self._collect()
                self._send_out()
        except BaseException as error:
            self.problem = error

    def _collect(self) -> None:
        for request in answer_of(self._rung_requests.take):
            self._last_asked = time.monotonic()
            try:
                pending = self._pending_of(request)
            except ValueError as error:
                self._reply(request.trial, RungResult(error=str(error)))
                continue
            known = self._runner.known(pending.row, pending.target)
            if known is None:
                self._waiting.append(pending)
            else:
                self._reply(pending.tune_id, RungResult(known.step, known.metrics))
        while not self._answered.empty():
            self._answered.get()
            self._num_working -= 1
        while not self._over.empty():
            self._groups.remove(self._over.get())
            self._last_asked = time.monotonic()

    def _send_out(self) -> None:
        """Start groups for which there is a slot."""
        for group in trial_groups([pending for pending in self._waiting if self._may_go(pending)]):
            if len(self._groups) == self._slots:
                return
            for pending in group:
                self._waiting.remove(pending)
            self._groups.append(group)
            self._num_working += len(group)
            threading.Thread(target=self._work, args=(group,), daemon=True).start()

    def _may_go(self, pending: PendingTrial) -> bool:
        """Whether nobody is worth waiting for who might come along."""
        if not may_share(pending.row.variant):
            return True
        if any(pending.tune_id == other.tune_id for group in self._groups for other in group):
            # Others of its last group are still being evaluated.
            return False
        all_here = len(self._waiting) + self._num_working >= self._concurrent
        quiet = time.monotonic() - self._last_asked > QUIET_SECONDS
        return all_here or quiet

    def _work(self, group: list[PendingTrial]) -> None:
        try:
            self._runner.run_group(group, self._run, self._reply_to)
        except BaseException as error:
            self.problem = error
        self._over.put(group)

    def _reply_to(self, pending: PendingTrial, result: RungResult) -> None:
        self._answered.put(pending)
        self._reply(pending.tune_id, result)

    def _reply(self, tune_id: str, result: RungResult) -> None:
        if result.error is not None:
            self._on_error(tune_id, result.error)
        answer_of(self._rung_requests.answer, tune_id, result)
