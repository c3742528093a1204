"""Calls of Ray from threads that end with the process.

A thread that calls Ray after Ray has shut down ends the process at once, with an exit code of
Ray's. A daemon thread cannot know when that is, so it goes through a door that is closed before
Ray is shut down: who stands before it then stands there until the process has ended.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

LONGEST_CALL_SECONDS = 5.0
TRAINER_SECONDS = 2.0
"""A trainer that was just started calls Ray for a moment before it waits for its run."""

_door = threading.Condition()
_num_inside = 0
_closed = False
_last_trainer = float("-inf")


@contextmanager
def calling_ray() -> Iterator[None]:
    """Stand around short calls of Ray in a thread that ends with the process."""
    global _num_inside
    with _door:
        _wait_if_closed()
        _num_inside += 1
    try:
        yield
    finally:
        with _door:
            _num_inside -= 1
            _door.notify_all()


def answer_of(method: Any, *arguments: Any, **options: Any) -> Any:
    """The answer of an actor's method, however long it takes; from any thread.

    Waiting for it is no call of Ray: nothing happens to a thread that waits when Ray shuts down.

    Raises:
        Exception: What the method raised, or that the actor died.
    """
    with calling_ray():
        answer: Future[Any] = method.remote(*arguments, **options).future()
    return answer.result()


def trainer_starts() -> None:
    """To be called in a thread just before it starts one of Ray's trainers, which calls Ray."""
    global _last_trainer
    with _door:
        _wait_if_closed()
        _last_trainer = time.monotonic()


def end_calls() -> None:
    """Let nobody begin another call, and wait till nobody is about one; Ray may be shut down then.

    To be called by the main thread, which goes on calling Ray as it likes.
    """
    global _closed
    with _door:
        _closed = True
        _door.wait_for(lambda: _num_inside == 0, LONGEST_CALL_SECONDS)
    time.sleep(max(0.0, _last_trainer + TRAINER_SECONDS - time.monotonic()))


def _wait_if_closed() -> None:
    """For ever, giving the door back meanwhile."""
    while _closed:
        _door.wait()
