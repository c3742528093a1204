"""Peaks of memory, of allocations of known size."""

import mmap
from pathlib import Path

import psutil
import pytest
import torch
from support.on_ray.two_workers import on_each_of_two

from longtail.training.peak_memory import (
    PEAK_GPU_MEMORY,
    PEAK_GPU_RESERVED,
    PEAK_MEMORY,
    PeakMemory,
    forget_peak_resident,
    peak_resident_bytes,
)

CPU = torch.device("cpu")
LARGE = 192 * 2**20
SMALL = 64 * 2**20
forgets = pytest.mark.skipif(not forget_peak_resident(), reason="peaks are of the whole process")


def fill_and_free(size: int) -> None:
    """Pages of our own, which go back at once whatever the allocator keeps."""
    with mmap.mmap(-1, size) as pages:
        for start in range(0, size, mmap.PAGESIZE):
            pages[start] = 1


def test_the_peak_has_what_was_held_and_freed() -> None:
    before = psutil.Process().memory_info().rss
    memory = PeakMemory(CPU)
    fill_and_free(LARGE)
    peaks = memory.take()
    assert set(peaks) == {PEAK_MEMORY}
    assert peaks[PEAK_MEMORY] >= before + LARGE - SMALL
    assert isinstance(peaks[PEAK_MEMORY], int)


@forgets
def test_each_peak_is_of_what_came_since_the_one_before() -> None:
    memory = PeakMemory(CPU)
    fill_and_free(LARGE)
    first = memory.take()[PEAK_MEMORY]
    assert memory.take()[PEAK_MEMORY] <= first - LARGE + SMALL
    fill_and_free(LARGE)
    assert memory.take()[PEAK_MEMORY] >= first - SMALL


def test_the_peak_is_never_below_what_is_there() -> None:
    forget_peak_resident()
    # What the kernel counts page by page may lag by some pages of each processor.
    assert peak_resident_bytes() >= psutil.Process().memory_info().rss - SMALL


def _peak(rank: int) -> float:
    memory = PeakMemory(CPU)
    fill_and_free(LARGE * rank or SMALL)
    return memory.take()[PEAK_MEMORY]


@forgets
@pytest.mark.slow
def test_every_worker_tells_the_largest_peak_of_all(tmp_path: Path) -> None:
    first, second = on_each_of_two(_peak, tmp_path)
    assert first == second
    assert first >= LARGE


@pytest.mark.gpu
def test_a_gpu_has_peaks_of_its_own() -> None:
    device = torch.device("cuda", 0)
    memory = PeakMemory(device)
    before = torch.cuda.memory_allocated(device)
    held = torch.empty(LARGE, dtype=torch.uint8, device=device)
    del held
    peaks = memory.take()
    assert peaks[PEAK_GPU_MEMORY] == before + LARGE
    assert peaks[PEAK_GPU_RESERVED] >= peaks[PEAK_GPU_MEMORY]
    assert memory.take()[PEAK_GPU_MEMORY] == before
