"""Progress of reading a file on stderr: a bar on a terminal, a rare line elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS_BETWEEN_LINES = 30.0


@contextmanager
def reading_progress(path: Path) -> Iterator[Callable[[int], None]]:
    """Yield a function to be told how many bytes of the file are read; a store tells none."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    total = path.stat().st_size if path.is_file() else None
    if not console.is_terminal:
        yield _rare_lines(console, path, total)
        return
    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("reading", total=total)
        yield lambda position: progress.update(task, completed=position)


def _rare_lines(console: Console, path: Path, total: int | None) -> Callable[[int], None]:
    last_line = time.monotonic()

    def on_read(position: int) -> None:
        nonlocal last_line
        if time.monotonic() - last_line >= SECONDS_BETWEEN_LINES:
            last_line = time.monotonic()
            share = f"{100 * position // total} %" if total else f"{position} bytes"
            console.print(f"read {share} of {path}")

    return on_read
