"""Calls of Ray from threads that end with the process.

A thread that calls Ray after Ray has shut down ends the process at once, with an exit code of
Ray's, and so does one that waits in a call while the cluster ends. A daemon thread cannot know when
that is, so it goes through a door that is closed before Ray is shut down: who stands before it then
stands there until the process has ended. Only Ray's trainers wait in a call, and are counted.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

LONGEST_CALL_SECONDS = 5.0

_door = threading.Condition()
_num_inside = 0
_num_trainers = 0
_closed = False


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


@contextmanager
def running_trainer() -> Iterator[None]:
    """Stand around the run of one of Ray's trainers in a thread that ends with the process."""
    global _num_trainers
    with _door:
        _wait_if_closed()
        _num_trainers += 1
    try:
        yield
    finally:
        with _door:
            _num_trainers -= 1


def end_calls() -> bool:
    """Let nobody begin another call, and wait till nobody is about one.

    To be called by the main thread, which goes on calling Ray as it likes.

    Returns:
        Whether Ray may be shut down; not while a trainer runs.
    """
    global _closed
    with _door:
        _closed = True
        return _door.wait_for(lambda: _num_inside == 0, LONGEST_CALL_SECONDS) and not _num_trainers


def _wait_if_closed() -> None:
    """For ever, giving the door back meanwhile."""
    while _closed:
        _door.wait()
