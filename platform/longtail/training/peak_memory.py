"""The most memory that training took between two lines of its journal.

Of several workers the largest value of each kind counts, which need not be the same worker's.
"""

import re
import resource
import sys
from pathlib import Path

import torch
from torch import distributed

PEAK_MEMORY = "train/peak_memory_bytes"
"""Resident memory of a worker's process, mapped files included."""
PEAK_GPU_MEMORY = "train/peak_gpu_memory_bytes"
"""Of tensors on a worker's GPU."""
PEAK_GPU_RESERVED = "train/peak_gpu_memory_reserved_bytes"
"""What torch took of a worker's GPU to hold them."""

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
HIGH_WATER = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
RESET_HIGH_WATER = "5"
"""As written to `clear_refs`, see proc(5)."""


class PeakMemory:
    """Reads the peaks since the last `take`, or since it was made.

    Where the system does not let a process forget its peak, as only Linux does, that of resident
    memory is of the whole life of the process.

    Args:
        device: Where this worker computes.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._restart()

    def take(self) -> dict[str, float]:
        """Bytes by metric name, the largest of all workers; every worker calls it at once."""
        peaks: dict[str, float] = {PEAK_MEMORY: peak_resident_bytes()}
        if self._device.type == "cuda":
            peaks[PEAK_GPU_MEMORY] = torch.cuda.max_memory_allocated(self._device)
            peaks[PEAK_GPU_RESERVED] = torch.cuda.max_memory_reserved(self._device)
        if distributed.is_available() and distributed.is_initialized():
            values = torch.tensor(list(peaks.values()), dtype=torch.int64, device=self._device)
            distributed.all_reduce(values, distributed.ReduceOp.MAX)
            peaks = dict(zip(peaks, values.tolist(), strict=True))
        self._restart()
        return peaks

    def _restart(self) -> None:
        forget_peak_resident()
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)


def peak_resident_bytes() -> int:
    """The most resident memory of this process since `forget_peak_resident`."""
    try:
        found = HIGH_WATER.search(STATUS.read_text())
    except OSError:
        found = None
    if found is not None:
        return int(found[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def forget_peak_resident() -> bool:
    """Let the peak of this process begin at what it has now; whether the system does that."""
    try:
        CLEAR.write_text(RESET_HIGH_WATER)
    except OSError:
        return False
    return True
