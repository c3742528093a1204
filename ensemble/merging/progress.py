"""Progress of a merge on stderr: a bar on a terminal, ten lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

NUM_LINES = 10


@contextmanager
def block_counter(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function to be called after each of `total` blocks of images."""
    if not console.is_terminal:
        yield _rare_lines(console, total)
        return
    columns = (TextColumn("merging blocks"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("merging", total=total)
        yield lambda _: progress.advance(task)


def _rare_lines(console: Console, total: int) -> Callable[[int], None]:
    done = 0

    def on_block(_: int) -> None:
        nonlocal done
        done += 1
        if done == total or done % max(1, total // NUM_LINES) == 0:
            console.print(f"merged {done} of {total} blocks of images")

    return on_block
