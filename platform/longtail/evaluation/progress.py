"""Progress of an evaluation on stderr: a bar on a terminal, a rare line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 30.0

OnStep = Callable[[int, int], None]
"""To be told the number of steps done and of all."""


@contextmanager
def block_progress() -> Iterator[OnStep]:
    """Yield a function to be told the number of blocks done and of all blocks."""
    with evaluation_progress() as (on_block, _):
        yield on_block


@contextmanager
def evaluation_progress() -> Iterator[tuple[OnStep, OnStep]]:
    """Yield two such functions, for blocks of images and for resamples."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _rare_lines(console, "blocks of images"), _rare_lines(console, "resamples")
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _bar(progress, "evaluating"), _bar(progress, "resampling")


def _bar(progress: Progress, description: str) -> OnStep:
    task = progress.add_task(description, total=None, visible=False)
    return lambda done, total: progress.update(task, completed=done, total=total, visible=True)


def _rare_lines(console: Console, steps: str) -> OnStep:
    last_line: float | None = None

    def on_step(done: int, total: int) -> None:
        nonlocal last_line
        if last_line is None:
            # The steps begin now, whenever they were announced.
            last_line = time.monotonic()
        if time.monotonic() - last_line >= SECONDS_BETWEEN_LINES:
            last_line = time.monotonic()
            console.print(f"evaluated {done} of {total} {steps}")

    return on_step
