"""What a person sees while a grid runs: a line per running node and one for the whole."""

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.statuses import NodeStatus, NodeStatuses, State
from longtail.inference.progress import ImageProgress, read_image_progress
from longtail.training.job import DIVERGED
from longtail.training.journal import Progress, read_progress

PLAIN_SECONDS = 15.0
"""Between reports where the output is not a terminal."""


def progress_console() -> Console:
    """Standard error; in a file each report is one line, however long its titles are."""
    return Console(stderr=True, soft_wrap=not sys.stderr.isatty())


class ProgressDisplay:
    """Shows statuses: redrawn in place on a terminal, plain lines elsewhere.

    Args:
        console: Where to write.
        runs: The runs folder, whose journals say how far training is.
        slots: Nodes that run at once, for the estimate of the time left.
        every: Seconds between plain reports.
        headline: The line for the whole; None counts nodes.
    """

    def __init__(
        self,
        console: Console,
        runs: Path,
        slots: int,
        every: float = PLAIN_SECONDS,
        headline: Callable[[], Text] | None = None,
    ) -> None:
        self._headline = headline
        self._console, self._runs, self._slots, self._every = console, runs, slots, every
        self._live = Live(console=console, refresh_per_second=2) if console.is_terminal else None
        self._began = self._spoke = time.monotonic()
        self._states: dict[str, State] = {}
        self._durations: dict[str, list[float]] = {}

    def __enter__(self) -> "ProgressDisplay":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def update(self, statuses: NodeStatuses) -> None:
        """Show how everything stands now."""
        self._announce(statuses.values())
        running = [item for item in statuses.values() if item.state is State.RUNNING and item.leads]
        if self._live:
            self._live.update(Group(self._running_table(running), self._total(statuses)))
        elif time.monotonic() - self._spoke > self._every:
            self._spoke = time.monotonic()
            for item in running:
                self._console.print(self._plain_line(item), highlight=False)
            self._console.print(self._total(statuses), highlight=False)

    def _announce(self, statuses: Iterable[NodeStatus]) -> None:
        """Say once when a node or pass starts, and when a node ends or fails."""
        for item in statuses:
            before = self._states.get(item.node.id, State.WAITING)
            self._states[item.node.id] = item.state
            if item.state is before or item.found:
                continue
            if item.state is State.DONE and item.started is not None:
                seconds = time.monotonic() - item.started
                if item.leads:
                    self._durations.setdefault(item.node.kind, []).append(seconds)
                self._say(f"done     {item.node.label} ({seconds:.0f} s)")
            elif item.state is State.FAILED:
                self._say(f"[red]failed[/red]   {item.node.label}")
            elif item.state is State.RUNNING and item.leads:
                self._say(f"started  {item.title}  [dim]{item.node.id}[/dim]")

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False)

    def _progress(self, item: NodeStatus) -> Progress | None:
        if item.node.kind != "stage":
            return None
        own = node_directory(self._runs, item.node)
        together = [own.with_name(name) for name in item.in_pass or (item.node.id,)]
        learning = [folder for folder in together if not (folder / DIVERGED).exists()]
        return read_progress((learning or together)[0])

    def _images(self, item: NodeStatus) -> ImageProgress | None:
        if item.node.kind != "predictions":
            return None
        return read_image_progress(node_directory(self._runs, item.node))

    def _running_table(self, running: list[NodeStatus]) -> Table:
        table = Table(box=None, show_header=bool(running), padding=(0, 1), header_style="dim")
        for heading in ("running", "", "iteration", "it/s", "loss", "left"):
            table.add_column(heading, justify="left" if heading in ("running", "") else "right")
        for item in running:
            progress, images = self._progress(item), self._images(item)
            if images is not None:
                bar = ProgressBar(images.of, images.images, width=20)
                done, speed, left = _image_cells(images)
                table.add_row(item.title, bar, done, speed, "", left)
            elif progress is None:
                spent = time.monotonic() - (item.started or 0)
                table.add_row(item.title, "", "", "", "", f"{spent:.0f} s so far")
            else:
                bar = ProgressBar(progress.iterations, progress.iteration, width=20)
                table.add_row(item.title, bar, *_cells(progress))
        return table

    def _plain_line(self, item: NodeStatus) -> str:
        images = self._images(item)
        if images is not None:
            done, speed, left = _image_cells(images)
            return f"running  {item.title}  {done}  {speed}  left {left}"
        progress = self._progress(item)
        if progress is None:
            return f"running  {item.title}"
        iteration, speed, loss, left = _cells(progress)
        return f"running  {item.title}  {iteration}  {speed} it/s  loss {loss}  left {left}"

    def _total(self, statuses: NodeStatuses) -> Text:
        if self._headline is not None:
            return self._headline()
        states = [item.state for item in statuses.values()]
        counts = [(state, states.count(state)) for state in State if states.count(state)]
        words = ", ".join(f"{count} {state}" for state, count in counts)
        spent = time.monotonic() - self._began
        left = self._seconds_left(statuses)
        estimate = "" if left is None else f", about {clock(left)} left"
        return Text(f"total    {words}; {clock(spent)} so far{estimate}")

    def _seconds_left(self, statuses: NodeStatuses) -> float | None:
        """Mean duration by kind over what is not done, shared by the slots; None until known."""
        total = 0.0
        for item in statuses.values():
            if item.state not in (State.WAITING, State.RUNNING) or not item.leads:
                continue
            known = self._durations.get(item.node.kind)
            if known is None and item.node.kind == "stage":
                known = self._stage_guess(statuses)
            mean = sum(known) / len(known) if known else 0.0
            if item.node.kind == "stage" and not known:
                return None
            spent = 0.0 if item.started is None else time.monotonic() - item.started
            total += max(mean - spent, 0.0)
        return total / self._slots

    def _stage_guess(self, statuses: NodeStatuses) -> list[float]:
        guesses = []
        for item in statuses.values():
            if item.state is State.RUNNING and item.leads and item.started is not None:
                progress = self._progress(item)
                if progress is not None and progress.eta_seconds is not None:
                    guesses.append(time.monotonic() - item.started + progress.eta_seconds)
        return guesses


def _cells(progress: Progress) -> tuple[str, str, str, str]:
    unknown = "-"
    speed = progress.iterations_per_second
    return (
        f"{progress.iteration}/{progress.iterations}",
        f"{speed:.2f}" if speed else unknown,
        unknown if progress.loss is None else f"{progress.loss:.3f}",
        unknown if progress.eta_seconds is None else clock(progress.eta_seconds),
    )


def _image_cells(progress: ImageProgress) -> tuple[str, str, str]:
    """What is done, how fast it goes, and the time that is left."""
    eta = progress.eta_seconds
    return (
        f"{progress.images}/{progress.of} images",
        f"{progress.images_per_second:.2f} images/s",
        "-" if eta is None else clock(eta),
    )


def clock(seconds: float) -> str:
    """Seconds as 1:02:03, or 2:03 below an hour."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
