"""Progress of an evaluation on stderr: a bar on a terminal, a rare line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def block_progress() -> Iterator[Callable[[int, int], None]]:
    """Yield a function to be told the number of blocks done and of all blocks."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _rare_lines(console)
        return
    columns = (TextColumn("evaluating"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("evaluating", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _rare_lines(console: Console) -> Callable[[int, int], None]:
    last_line = time.monotonic()

    def on_block(done: int, total: int) -> None:
        nonlocal last_line
        if time.monotonic() - last_line >= SECONDS_BETWEEN_LINES:
            last_line = time.monotonic()
            console.print(f"evaluated {done} of {total} blocks of images")

    return on_block
