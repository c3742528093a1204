"""Joining a Ray cluster, or starting one of this machine in a folder of its own.

Ray finds "the" cluster of a machine by a file in its temporary folder, `ray_current_cluster`, which
a killed head leaves behind. Helpers of Ray Train that look there ask a dead cluster, or another
one, whether their run is alive. So a local cluster gets a temporary folder that nobody else uses,
with such a file of its own, and the workers of a cluster that is joined are told its address.
"""

import atexit
import logging
import os
import shutil
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import ray

from longtail.commands import ExitCode, InfrastructureError, Terminated, at_end, end_on_signals
from longtail.ray_cluster.address import AUTO, CLIENT, LOCAL, check_answers, target_of
from longtail.ray_cluster.calls import end_calls
from longtail.ray_cluster.folder import (
    VARIABLE,
    new_folder,
    shorten_temporary_folder,
)
from longtail.ray_cluster.spared import SPARED, WITHOUT_A_PAGE
from longtail.ray_cluster.token import settle_token
from longtail.ray_cluster.watch import end_watch, lost, watch

OBJECT_STORE_BYTES = 300 * 2**20
CURRENT_CLUSTER = "ray_current_cluster"


def connect(address: str | None, *, dashboard: bool = False) -> None:
    """Join the cluster at `address`, or start a local one; a process does so once.

    Args:
        address: A Ray address; None takes `RAY_ADDRESS`, else starts a cluster of this machine that
            ends with the process.
        dashboard: Whether a local cluster has Ray's web page.

    Raises:
        InfrastructureError: There is no cluster at the address, it refuses the token, or none can
            be started.
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
    except InfrastructureError:
        raise
    except Exception as error:
        # Ray raises bare exceptions too, as when a part of it is too slow to start.
        raise InfrastructureError(_remedy(target, error)) from error
    logging.getLogger("ray").setLevel(logging.ERROR)
    end_on_signals()
    if not target.startswith(CLIENT):
        gcs = ray.get_runtime_context().gcs_address
        watch(gcs, is_own=target == LOCAL, is_used=partial(_uses, gcs), leave=_leave)


def _uses(gcs: str) -> bool:
    try:
        return bool(ray.is_initialized() and ray.get_runtime_context().gcs_address == gcs)
    except Exception:
        # It is shut down at this moment.
        return False


def _remedy(target: str, error: Exception) -> str:
    said = str(error).strip() or type(error).__name__
    if target == LOCAL:
        return (
            f"cannot start Ray on this machine: {said}\n"
            "it needs about 1 GB of free memory, room for files and some seconds; on a machine that"
            " is very busy run the same command again, or start a head yourself (`ray start"
            " --head`) and give --address"
        )
    return (
        f"cannot reach a Ray cluster at {target}: {said}\n"
        "check `ray status`, RAY_ADDRESS and RAY_AUTH_MODE (token by default);"
        " without --address a local cluster is started"
    )


_own_folder: Path | None = None
"""Of the cluster that this process started."""


def _start(dashboard: bool) -> None:
    global _own_folder
    folder = _own_folder = new_folder()
    os.environ[VARIABLE] = str(folder)
    shorten_temporary_folder(folder)
    for name, value in (SPARED if dashboard else SPARED | WITHOUT_A_PAGE).items():
        os.environ.setdefault(name, value)
    atexit.register(_end, folder)
    at_end(_leave_what_runs)
    settle_token()
    _init(LOCAL, include_dashboard=dashboard, object_store_memory=OBJECT_STORE_BYTES)
    (folder / "ray" / CURRENT_CLUSTER).write_text(ray.get_runtime_context().gcs_address)


def _join(target: str) -> None:
    check_answers(target)
    if target == AUTO:
        # Which one that is Ray says when it is joined, and the workers are told by joining.
        _init(target)
        target = ray.get_runtime_context().gcs_address
        ray.shutdown()
    atexit.register(_end)
    at_end(_leave_what_runs)
    # A client's address (ray://) is of no use to workers.
    told = {} if "://" in target else {"env_vars": {"RAY_ADDRESS": target}}
    _init(target, runtime_env=told)


def _init(target: str, **options: Any) -> None:
    ray.init(address=target, log_to_driver=False, logging_level=logging.ERROR, **options)


def _leave_what_runs(code: int) -> None:
    """End now where Ray cannot be shut down in order: it is gone, or threads wait for it."""
    may_shut_down = end_calls()
    if lost.is_set() or not may_shut_down:
        _leave(code)


def _end(folder: Path | None = None) -> None:
    end_calls()
    if lost.is_set():
        _leave()
    end_watch()
    ray.shutdown()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _leave(code: int = ExitCode.INFRASTRUCTURE) -> None:
    """End without Ray's own end, which would wait for a cluster that is gone, and end this process
    with a code of Ray's where a thread waits for an answer."""
    if _own_folder is not None:
        _end_own(_own_folder)
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _end_own(folder: Path) -> None:
    """Kill the cluster of this process, all at once, and remove its folder."""
    processes = psutil.Process().children(recursive=True)
    for process in processes:
        # So that none notices that another one is gone.
        with suppress(psutil.NoSuchProcess):
            process.suspend()
    shutil.rmtree(folder, ignore_errors=True)
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
