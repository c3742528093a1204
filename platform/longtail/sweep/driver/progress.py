"""What a person sees of a sweep while it runs."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from longtail.cluster.nodes.settings import GridSettings
from longtail.cluster.nodes.statuses import NodeStatuses
from longtail.cluster.progress import ProgressDisplay, clock
from longtail.metrics import UNDEFINED, points_text
from longtail.sweep.journal import SweepJournal
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Rung, Trial

TICK_SECONDS = 0.5
ENDS_FOR_ESTIMATE = 2


class SweepDisplay:
    """Lines for rungs and ends of trials, above what `ProgressDisplay` shows of their nodes.

    Args:
        console: Where to write.
        settings: Has the runs folder.
        sweep: What is searched.
        journal: Trials that began and ended.
        num_trials: How many are wanted.
    """

    def __init__(
        self,
        console: Console,
        settings: GridSettings,
        sweep: Sweep,
        journal: SweepJournal,
        num_trials: int,
    ) -> None:
        self._console, self._settings = console, settings
        self._sweep, self._journal, self._num_trials = sweep, journal, num_trials
        self._found = len(journal.ended)
        self._first_rung: float | None = None

    @contextmanager
    def watching(
        self, statuses: NodeStatuses, slots: int, also: Callable[[NodeStatuses], None]
    ) -> Iterator[None]:
        """Redraw twice a second.

        Args:
            statuses: The nodes.
            slots: Groups of trials that are worked on at once.
            also: Told of the nodes as often.
        """
        over = threading.Event()
        runs = self._settings.runs
        display = ProgressDisplay(self._console, runs, slots, headline=self.headline)

        def watch() -> None:
            while not over.wait(TICK_SECONDS):
                display.update(dict(statuses))
                also(dict(statuses))

        thread = threading.Thread(target=watch, daemon=True)
        with display:
            thread.start()
            try:
                yield
            finally:
                over.set()
                thread.join()

    def rung(self, number: int, rung: Rung) -> None:
        """A trial was evaluated."""
        self._first_rung = self._first_rung or time.monotonic()
        share = f"{rung.step}/{self._sweep.rungs[-1]}"
        self._say(f"trial {number:<3} at {share}: {self._values(rung.metrics)}")

    def ended(self, trial: Trial) -> None:
        """A trial ended."""
        if trial.state == "failed":
            self._say(f"trial {trial.number:<3} [red]failed[/red]: {trial.error}")
        else:
            self._say(f"trial {trial.number:<3} {trial.state} after {trial.step} iterations")

    def headline(self) -> Text:
        """How far the sweep is."""
        ended = list(self._journal.trials)
        going = len(self._journal.started) - len(ended)
        states = ("finished", "stopped", "failed")
        counts = {state: sum(trial.state == state for trial in ended) for state in states}
        words = [f"{n} {state}" for state, n in {"running": going, **counts}.items() if n]
        metric = self._sweep.metrics[0]
        best = max((t.metrics[metric] for t in ended if t.intermediate_values), default=None)
        text = f"sweep    {len(ended)} of {self._num_trials} trials: {', '.join(words) or 'begins'}"
        if best is not None:
            text += f"; best {metric} {points_text(best)}"
        return Text(text + self._left(len(ended)))

    def _left(self, num_ended: int) -> str:
        """From the pace since the first rung: what came before is done once."""
        own = num_ended - self._found
        if own < ENDS_FOR_ESTIMATE or self._first_rung is None:
            return ""
        pace = (time.monotonic() - self._first_rung) / own
        seconds = pace * (self._num_trials - num_ended)
        return f"; about {clock(seconds)} left"

    def _values(self, metrics: Mapping[str, float]) -> str:
        names = dict.fromkeys((*self._sweep.metrics, "AP", "APr"))
        return ", ".join(
            f"{name} {points_text(metrics[name])}"
            for name in names
            if metrics.get(name, UNDEFINED) != UNDEFINED
        )

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False)
