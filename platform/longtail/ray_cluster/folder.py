"""The temporary folder of a cluster of this process: short, and removed when that is gone."""

import fcntl
import logging
import os
import shutil
import tempfile
from pathlib import Path

from longtail.commands import InfrastructureError

FOLDER_PREFIX = "longtail-"
LONGEST_FOLDER = 35
"""Characters: a socket's path may have 107, of which Ray's session and the socket take 72."""
LONGEST_TEMPORARY = 60
"""Characters of TMPDIR, below which Python puts sockets of processes that talk to each other."""
SHORT = Path("/tmp")
VARIABLE = "RAY_TMPDIR"

log = logging.getLogger(__name__)


def new_folder() -> Path:
    """A folder whose name is short, locked as long as this process lives.

    Raises:
        InfrastructureError: There is no place for one.
    """
    parent = _parent()
    _remove_left_behind(parent)
    try:
        folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=parent))
    except OSError as error:
        raise InfrastructureError(
            f"Ray's files have no place ({error}): set {VARIABLE} to a folder that can be written,"
            f" of at most {_longest()} characters"
        ) from None
    _lock(folder)
    return folder


def shorten_temporary_folder(folder: Path) -> None:
    """Give processes that are started from now on a short TMPDIR, if theirs is too long."""
    if len(tempfile.gettempdir()) > LONGEST_TEMPORARY:
        os.environ["TMPDIR"] = str(folder)


def _parent() -> Path:
    wanted = os.environ.get(VARIABLE) or tempfile.gettempdir()
    if len(wanted) <= _longest():
        return Path(wanted)
    log.warning(
        "%s is too long for Ray, whose sockets' paths may have 107 characters: its files go to %s;"
        " set %s for another folder of at most %d",
        *(wanted, SHORT, VARIABLE, _longest()),
    )
    return SHORT


def _longest() -> int:
    # mkdtemp adds eight, and a slash stands between.
    return LONGEST_FOLDER - len(FOLDER_PREFIX) - 8 - 1


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
