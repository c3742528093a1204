"""Joining a Ray cluster, or starting one of this machine in a folder of its own.

Ray finds "the" cluster of a machine by a file in its temporary folder, `ray_current_cluster`, which
a killed head leaves behind. Helpers of Ray Train that look there ask a dead cluster, or another
one, whether their run is alive. So a local cluster gets a temporary folder that nobody else uses,
with such a file of its own, and the workers of a cluster that is joined are told its address.
"""

import atexit
import fcntl
import logging
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path
from typing import Any

# Ray reads these when it is imported; a user's own settings win.
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

import ray

from longtail.commands import InfrastructureError, Terminated, end_on_sigterm
from longtail.ray_token import settle_token

OBJECT_STORE_BYTES = 300 * 2**20
CONNECT_SECONDS = 20.0
LOCAL = "local"
FOLDER_PREFIX = "longtail-"
CURRENT_CLUSTER = "ray_current_cluster"
LONGEST_FOLDER = 32
"""Characters: a socket's path may have 107, of which Ray's session and the socket take 75."""


def target_of(address: str | None) -> str:
    """What to connect to: an address, else `RAY_ADDRESS` (set inside a submitted job), else a new
    cluster of this machine."""
    return address or os.environ.get("RAY_ADDRESS") or LOCAL


def connect(address: str | None, *, dashboard: bool = False) -> None:
    """Join the cluster at `address`, or start a local one; a process does so once.

    Args:
        address: A Ray address; None takes `RAY_ADDRESS`, else starts a cluster of this machine that
            ends with the process.
        dashboard: Whether a local cluster has Ray's web page.

    Raises:
        InfrastructureError: There is no cluster at the address, or it refuses the token.
        Terminated: SIGTERM came meanwhile.
    """
    if ray.is_initialized():
        return
    target = target_of(address)
    try:
        if target == LOCAL:
            _start(dashboard)
        else:
            _join(target)
    except SystemExit as end:
        # Ray's own answer to SIGTERM while it starts.
        raise Terminated from end
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InfrastructureError(
            f"cannot reach a Ray cluster at {target}: {error}\n"
            "check `ray status`, RAY_ADDRESS and RAY_AUTH_MODE (token by default);"
            " without --address a local cluster is started"
        ) from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    end_on_sigterm()


def may_call_ray() -> bool:
    """Whether the process is not about to end: a daemon thread that calls Ray after Ray has shut
    down ends the process at once, with an exit code of Ray's."""
    return not _ending.is_set()


_ending = threading.Event()


def _start(dashboard: bool) -> None:
    folder = _new_folder()
    os.environ["RAY_TMPDIR"] = str(folder)
    # Nobody takes this machine away under notice.
    os.environ.setdefault("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")
    atexit.register(_end, folder)
    settle_token()
    _init(LOCAL, include_dashboard=dashboard, object_store_memory=OBJECT_STORE_BYTES)
    (folder / "ray" / CURRENT_CLUSTER).write_text(ray.get_runtime_context().gcs_address)


def _join(target: str) -> None:
    _check_answers(target)
    if target == "auto":
        # Which one that is Ray says when it is joined, and the workers are told by joining.
        _init(target)
        target = ray.get_runtime_context().gcs_address
        ray.shutdown()
    atexit.register(_end)
    # A client's address (ray://) is of no use to workers.
    told = {} if "://" in target else {"env_vars": {"RAY_ADDRESS": target}}
    _init(target, runtime_env=told)


def _check_answers(target: str) -> None:
    """Ask for a connection: Ray itself tries for minutes where nobody listens.

    Raises:
        ConnectionError: There is none.
    """
    host, colon, port = target.rpartition(":")
    if "://" in target or not colon or not port.isdecimal():
        return
    try:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
    except OSError as error:
        raise ConnectionError(str(error)) from None


def _init(target: str, **options: Any) -> None:
    ray.init(address=target, log_to_driver=False, logging_level=logging.ERROR, **options)


def _new_folder() -> Path:
    """A folder whose name is short, locked as long as this process lives."""
    parent = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir())
    # mkdtemp adds eight.
    if len(str(parent / FOLDER_PREFIX)) + 8 > LONGEST_FOLDER:
        parent = Path("/tmp")
    _remove_left_behind(parent)
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=parent))
    _lock(folder)
    return folder


def _lock(folder: Path) -> bool:
    """Whether the folder's lock is now ours; it ends with the process."""
    handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    return True


def _remove_left_behind(parent: Path) -> None:
    """Remove the folders of processes that were killed."""
    for folder in parent.glob(f"{FOLDER_PREFIX}*"):
        try:
            ended = _lock(folder)
        except OSError:
            # Somebody else's, or removed just now.
            continue
        if ended:
            shutil.rmtree(folder, ignore_errors=True)


def _end(folder: Path | None = None) -> None:
    _ending.set()
    ray.shutdown()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
