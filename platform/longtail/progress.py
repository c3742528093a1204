"""Progress of long loops on standard error: a bar on a terminal, rare plain lines elsewhere.

Each function yields what its loop has to call; nothing is drawn unless it is called.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    track,
)

SECONDS_BETWEEN_LINES = 30.0
NUM_LINES = 10
# Shorter lists are read before a progress bar would be seen.
MANY_RECORDS = 20_000

OnStep = Callable[[int, int], None]
"""To be told the number of steps done and of all."""

Record = TypeVar("Record")


@contextmanager
def block_progress() -> Iterator[OnStep]:
    """Yield a function to be told the number of evaluated blocks of images and of all blocks."""
    with evaluation_progress() as (on_block, _):
        yield on_block


@contextmanager
def evaluation_progress() -> Iterator[tuple[OnStep, OnStep]]:
    """Yield two such functions, for blocks of images and for resamples."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield (
            _step_lines(console, "evaluated", "blocks of images"),
            _step_lines(console, "evaluated", "resamples"),
        )
        return
    with _bars(console, "{task.description}", MofNCompleteColumn()) as bars:
        yield _step_bar(bars, "evaluating"), _step_bar(bars, "resampling")


@contextmanager
def reading_progress(path: Path) -> Iterator[Callable[[int], None]]:
    """Yield a function to be told how many bytes of the file are read; a store tells none."""
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    total = path.stat().st_size if path.is_file() else None
    if not console.is_terminal:
        yield _byte_lines(console, path, total)
        return
    with _bars(console, "reading", DownloadColumn()) as bars:
        task = bars.add_task("reading", total=total)
        yield lambda position: bars.update(task, completed=position)


@contextmanager
def picture_progress() -> Iterator[OnStep]:
    """Yield a function to be told the number of picture files that are read and of all."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _step_lines(console, "read", "picture files")
        return
    with _bars(console, "{task.description}", MofNCompleteColumn()) as bars:
        yield _step_bar(bars, "reading picture files")


@contextmanager
def merging_progress(console: Console, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function to be called after each of `total` blocks of images; ten lines elsewhere."""
    if not console.is_terminal:
        yield _tenth_lines(console, total)
        return
    with _bars(console, "merging blocks", MofNCompleteColumn()) as bars:
        task = bars.add_task("merging", total=total)
        yield lambda _: bars.advance(task)


def tracked_records(records: Sequence[Record], description: str) -> Iterator[Record]:
    """The records of an annotation file, shown as they are read; one line elsewhere.

    Args:
        records: All of them; a list that is read at once is not shown.
        description: What is done with them, as rich's markup.
    """
    console = Console(stderr=True)
    shown = len(records) > MANY_RECORDS
    if shown and not console.is_terminal:
        line = f"{description}: {len(records)} records, once for all later openings"
        console.print(line, soft_wrap=True)
    hidden = not (shown and console.is_terminal)
    yield from track(records, description, console=console, disable=hidden)


def _bars(console: Console, text: str, count: ProgressColumn) -> Progress:
    columns = TextColumn(text), BarColumn(), count, TimeRemainingColumn()
    return Progress(*columns, console=console, transient=True)


def _step_bar(bars: Progress, description: str) -> OnStep:
    task = bars.add_task(description, total=None, visible=False)
    return lambda done, total: bars.update(task, completed=done, total=total, visible=True)


class _RareLines:
    """Prints a line when the last one, or the beginning, is long enough ago."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: float | None = None

    def begin(self) -> None:
        """Start the clock, unless it runs."""
        self._last = time.monotonic() if self._last is None else self._last

    def offer(self, line: str) -> None:
        """Print the line if it is time."""
        self.begin()
        assert self._last is not None
        if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
            self._last = time.monotonic()
            self._console.print(line)


def _step_lines(console: Console, done_what: str, steps: str) -> OnStep:
    # The steps begin with the first one, whenever they were announced.
    lines = _RareLines(console)
    return lambda done, total: lines.offer(f"{done_what} {done} of {total} {steps}")


def _byte_lines(console: Console, path: Path, total: int | None) -> Callable[[int], None]:
    lines = _RareLines(console)
    lines.begin()

    def on_read(position: int) -> None:
        part = f"{100 * position // total} %" if total else f"{position} bytes"
        lines.offer(f"read {part} of {path}")

    return on_read


def _tenth_lines(console: Console, total: int) -> Callable[[int], None]:
    done = 0

    def on_block(_: int) -> None:
        nonlocal done
        done += 1
        if done == total or done % max(1, total // NUM_LINES) == 0:
            console.print(f"merged {done} of {total} blocks of images")

    return on_block
