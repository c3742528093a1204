"""The driver's side of a sweep: takes what trials ask for, has it done, and answers.

One thread collects and forms crews; each crew is worked on in a thread of its own, as many at a
time as the cluster has places. All of them end with the process.
"""

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from longtail.cluster.pool.tasks import Run
from longtail.ray_cluster.calls import answer_of
from longtail.sweep.driver.trial_groups import Climber, crews, may_share
from longtail.sweep.driver.trial_runner import Climb
from longtail.sweep.search.rung_requests import Answer, Ask

POLL_SECONDS = 0.2
QUIET_SECONDS = 4.0
"""A trial that may share a pass waits so long for others to ask."""

Enlist = Callable[[Ask], Climber]
OnError = Callable[[str, str], object]


class Foreman:
    """Serves the trials of one sweep.

    Args:
        climb: Does the work.
        mailbox: Handle of the mailbox.
        run: Does a task on a worker group.
        places: Crews at a time.
        concurrent: Trials that Tune runs at a time.
        enlist: Tells who asks: a trial's number, row and where it stands.
        on_error: Told why a trial fails, by Tune's id, before Tune is.
    """

    def __init__(
        self,
        climb: Climb,
        mailbox: Any,
        run: Run,
        places: int,
        concurrent: int,
        enlist: Enlist,
        on_error: OnError,
    ) -> None:
        self._climb, self._mailbox, self._run = climb, mailbox, run
        self._enlist, self._on_error = enlist, on_error
        self._places, self._concurrent = places, concurrent
        self._waiting: list[Climber] = []
        self._answered: queue.SimpleQueue[Climber] = queue.SimpleQueue()
        self._over: queue.SimpleQueue[list[Climber]] = queue.SimpleQueue()
        self._num_working = 0
        self._out: list[list[Climber]] = []
        self._last_asked = time.monotonic()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.problem: BaseException | None = None
        """Why nothing can be served any more; None while all is well."""

    def __enter__(self) -> "Foreman":
        """Serve from now on."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Collect no more; crews that are out end with the process."""
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
        for ask in answer_of(self._mailbox.take):
            self._last_asked = time.monotonic()
            try:
                climber = self._enlist(ask)
            except ValueError as error:
                self._reply(ask.trial, Answer(error=str(error)))
                continue
            known = self._climb.known(climber.row, climber.target)
            if known is None:
                self._waiting.append(climber)
            else:
                self._reply(climber.tune_id, Answer(known.step, known.metrics))
        while not self._answered.empty():
            self._answered.get()
            self._num_working -= 1
        while not self._over.empty():
            self._out.remove(self._over.get())
            self._last_asked = time.monotonic()

    def _send_out(self) -> None:
        """Start crews for which there is a place."""
        for crew in crews([climber for climber in self._waiting if self._may_go(climber)]):
            if len(self._out) == self._places:
                return
            for climber in crew:
                self._waiting.remove(climber)
            self._out.append(crew)
            self._num_working += len(crew)
            threading.Thread(target=self._work, args=(crew,), daemon=True).start()

    def _may_go(self, climber: Climber) -> bool:
        """Whether nobody is worth waiting for who might come along."""
        if not may_share(climber.row.variant):
            return True
        if any(climber.tune_id == other.tune_id for crew in self._out for other in crew):
            # Others of its last crew are still being evaluated.
            return False
        all_here = len(self._waiting) + self._num_working >= self._concurrent
        quiet = time.monotonic() - self._last_asked > QUIET_SECONDS
        return all_here or quiet

    def _work(self, crew: list[Climber]) -> None:
        try:
            self._climb.reach(crew, self._run, self._answer_of_crew)
        except BaseException as error:
            self.problem = error
        self._over.put(crew)

    def _answer_of_crew(self, climber: Climber, answer: Answer) -> None:
        self._answered.put(climber)
        self._reply(climber.tune_id, answer)

    def _reply(self, tune_id: str, answer: Answer) -> None:
        if answer.error is not None:
            self._on_error(tune_id, answer.error)
        answer_of(self._mailbox.answer, tune_id, answer)
