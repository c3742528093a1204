"""File locks: one process at a time, wherever it was started."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

POLL_SECONDS = 0.2


@contextmanager
def held(lock: Path, patience: float) -> Iterator[None]:
    """Hold a file lock; it ends with the process that holds it, however that ends.

    A file system that cannot lock is an error: a mere file would outlive a process that was killed.

    Args:
        lock: The lock file, made if absent and left in place.
        patience: Seconds to wait for another holder; infinity waits for ever.

    Raises:
        TimeoutError: Another process kept the lock for longer.
        OSError: The file cannot be made, written or locked.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    # Those that wait ask rarely: their holders work for minutes.
    holder = FileLock(lock, patience, poll_interval=POLL_SECONDS, fallback_to_soft=False)
    try:
        holder.acquire()
    except Timeout:
        raise TimeoutError(f"{lock}: another process holds it; wait for it or stop it") from None
    try:
        yield
    finally:
        holder.release()
