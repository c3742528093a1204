"""Ending with a message when the cluster is gone.

A driver that cannot reach the control service (GCS) of its cluster for a minute is ended by Ray, at
once and with exit code 1, so that nothing can be said or put in order. So a thread asks whether it
still answers, and has the main thread raise `InfrastructureLost` before. A main thread that waits
in a call of Ray's does not hear of it; then this thread ends the process itself.
"""

import errno
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from longtail.commands import InfrastructureLost
from longtail.ray_cluster.address import host_and_port

ASK_SECONDS = 1.0
OWN_PATIENCE_SECONDS = 5.0
"""The service of a cluster of this process is never started anew."""
RAY_PATIENCE = "RAY_gcs_rpc_server_reconnect_timeout_s"
RAY_PATIENCE_SECONDS = 60.0
SHARE_OF_PATIENCE = 0.5
"""Of Ray's, after which a joined cluster is given up: what is left is for coming to an end."""
END_SECONDS = 6.0
"""In which the main thread should have come to the end."""
SIGNAL = signal.SIGUSR1
THREAD = "watch of Ray"

lost = threading.Event()
"""Set once the cluster is gone; nothing of Ray's should be called then."""

_over = threading.Event()
_last_acts: list[Callable[[], object]] = []


@contextmanager
def at_loss(act: Callable[[], object]) -> Iterator[None]:
    """Have something done before the process ends, should the cluster be lost in the block and the
    main thread not come to it."""
    _last_acts.append(act)
    try:
        yield
    finally:
        _last_acts.remove(act)


def watch(
    address: str,
    *,
    is_own: bool,
    is_used: Callable[[], bool],
    leave: Callable[[], object],
) -> None:
    """Watch the service at an address from now on. To be called from the main thread.

    Args:
        address: `HOST:PORT` of the control service.
        is_own: Whether this process started it.
        is_used: Whether this process still wants it: who has ended it does not miss it.
        leave: Ends the process.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    patience = OWN_PATIENCE_SECONDS if is_own else _joined_patience()
    message = _message(address, is_own=is_own)
    signal.signal(SIGNAL, lambda *_: _raise(message))
    arguments = (address, patience, message, is_used, leave)
    threading.Thread(target=_watch, args=arguments, name=THREAD, daemon=True).start()


def end_watch() -> None:
    """Watch no more: this process ends its cluster, or leaves it."""
    _over.set()


def _watch(
    address: str,
    patience: float,
    message: str,
    is_used: Callable[[], bool],
    leave: Callable[[], object],
) -> None:
    answered = time.monotonic()
    while time.monotonic() - answered < patience:
        if _over.wait(ASK_SECONDS) or not is_used():
            return
        if _answers(address):
            answered = time.monotonic()
    if _over.is_set():
        return
    lost.set()
    os.kill(os.getpid(), SIGNAL)
    time.sleep(END_SECONDS)
    for act in list(_last_acts):
        with suppress(Exception):
            act()
    with suppress(OSError):
        sys.stderr.write(f"error: {message}\n")
    leave()


def _answers(address: str) -> bool:
    try:
        socket.create_connection(host_and_port(address), 5.0).close()
    except ConnectionError:
        return False
    except OSError as error:
        # A lack of file handles here, or of names for a moment, says nothing of the cluster.
        return error.errno not in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ETIMEDOUT, None)
    return True


def _joined_patience() -> float:
    return SHARE_OF_PATIENCE * float(os.environ.get(RAY_PATIENCE, RAY_PATIENCE_SECONDS))


def _message(address: str, *, is_own: bool) -> str:
    first = "" if is_own else "start the head again, and "
    return (
        f"the Ray cluster at {address} is gone: its head (gcs_server) was stopped or killed, most"
        f" often for want of memory (gcs_server.out in Ray's logs); {first}run the same command"
        " again to go on"
    )


def _raise(message: str) -> None:
    raise InfrastructureLost(message)
