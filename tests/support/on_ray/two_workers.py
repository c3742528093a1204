"""Two processes over gloo, as two workers of a cluster would be. All tests of a process share them:
importing torch anew takes seconds."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import distributed

Work = Callable[[int], Any]


def on_each_of_two(work: Work, folder: Path) -> list[Any]:
    """What `work(rank)` returns on either rank; the rendezvous and the results go to `folder`."""
    results = [pool.submit(_run, work, rank, folder) for rank, pool in enumerate(_processes())]
    ended, _ = wait(results, return_when=FIRST_EXCEPTION)
    if any(result.exception() for result in ended):
        # The other one may wait for ever.
        for pool in _processes():
            for process in pool._processes.values():
                process.kill()
        _processes.cache_clear()
    for result in ended:
        result.result()
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


@cache
def _processes() -> tuple[ProcessPoolExecutor, ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, context), ProcessPoolExecutor(1, context)


def _run(work: Work, rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    rendezvous = f"file://{folder / 'rendezvous'}"
    distributed.init_process_group("gloo", rendezvous, rank=rank, world_size=2)
    try:
        torch.save(work(rank), folder / f"{rank}.pt")
    finally:
        distributed.destroy_process_group()
