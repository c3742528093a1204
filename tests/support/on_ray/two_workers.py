"""Two processes over gloo, as two workers of a cluster would be."""

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed

Work = Callable[[int], Any]


def on_each_of_two(work: Work, folder: Path) -> list[Any]:
    """What `work(rank)` returns on either rank; the rendezvous and the results go to `folder`."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_run, args=(work, rank, folder)) for rank in (0, 1)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    return [torch.load(folder / f"{rank}.pt") for rank in (0, 1)]


def _run(work: Work, rank: int, folder: Path) -> None:
    torch.set_num_threads(1)
    rendezvous = f"file://{folder / 'rendezvous'}"
    distributed.init_process_group("gloo", rendezvous, rank=rank, world_size=2)
    torch.save(work(rank), folder / f"{rank}.pt")
    distributed.destroy_process_group()
