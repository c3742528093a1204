"""File locks: one process at a time, wherever it was started."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(lock: Path, patience: float) -> Iterator[None]:
    """Hold a file lock; it ends with the process that holds it, however that ends.

    Args:
        lock: The lock file, made if absent.
        patience: Seconds to wait for another holder.

    Raises:
        TimeoutError: Another process kept the lock for longer.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    with lock.open("a") as handle:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"{lock}: another process holds it; wait for it or stop it"
                    ) from None
                time.sleep(0.2)
        yield
