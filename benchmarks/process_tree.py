"""CPU time and memory of a command with all processes that it starts, daemons among them.

The kernel's own sum misses what Ray's processes do not wait for, so all descendants are looked at
again and again, and the last that was seen of each counts. This process adopts what the command
orphans (Linux: child subreaper) and waits until all of it is gone.
"""

import ctypes
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

CPU_SECONDS, MEMORY_EVERY = 0.2, 10
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Spent:
    """What a command took.

    Attributes:
        code: Its exit code.
        wall: Seconds until it ended.
        cpu: CPU seconds, user and system, of it and everything it started.
        peak_bytes: Largest memory of all its processes together (proportional set size).
        processes: How many it started.
    """

    code: int
    wall: float
    cpu: float
    peak_bytes: int
    processes: int


def measure(
    words: Sequence[str], cwd: Path, more_environment: Mapping[str, str], output: Path
) -> Spent:
    """Run a command to its end and until everything it started is gone.

    Args:
        words: The command.
        cwd: Where it runs.
        more_environment: Variables beside this process's own.
        output: Takes what it prints.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    began = time.perf_counter()
    with output.open("ab") as log:
        process = subprocess.Popen(
            list(words),
            cwd=cwd,
            env={**os.environ, **more_environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    sampler = _Sampler()
    sampler.start()
    code = process.wait()
    wall = time.perf_counter() - began
    _reap_orphans()
    sampler.stop()
    return Spent(code, wall, sampler.cpu, sampler.peak_bytes, len(sampler.seen))


class _Sampler(threading.Thread):
    """Looks at all descendants of this process again and again."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seen: dict[tuple[int, float], float] = {}
        self.peak_bytes = 0
        self._over = threading.Event()

    @property
    def cpu(self) -> float:
        """CPU seconds of all that were seen."""
        return sum(self.seen.values())

    def run(self) -> None:
        own, looks = psutil.Process(), 0
        while not self._over.wait(CPU_SECONDS):
            found = own.children(recursive=True)
            for process in found:
                self._look_at(process)
            if looks % MEMORY_EVERY == 0:
                self.peak_bytes = max(self.peak_bytes, sum(map(_proportional_bytes, found)))
            looks += 1

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self.join()

    def _look_at(self, process: psutil.Process) -> None:
        try:
            used = process.cpu_times()
            self.seen[process.pid, process.create_time()] = used.user + used.system
        except psutil.Error:
            return


def _proportional_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


def _reap_orphans() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return
