"""What a selection shows a person: how far a step is, the steps, and what was chosen."""

import time
from collections.abc import Sequence

from rich.console import Console

from ensemble.selection.journal import Step
from longtail.metrics import (
    GROUP_METRICS,
    UNDEFINED,
    points_text,
    signed_points_text,
)
from longtail.printed_table import PrintedTable, number_columns, text_columns

messages = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


class StepProgress:
    """A line for each candidate of a step, with the time that the others may take.

    Args:
        number: Of the step, from 1.
        metric: What is raised.
        total: Candidates that are to be judged.
    """

    def __init__(self, number: int, metric: str, total: int) -> None:
        self._number, self._metric, self._total, self._done = number, metric, total, 0
        self._began = time.monotonic()

    def tell(self, name: str, result: dict[str, float | str]) -> None:
        """Say what was found of the selection with one more member."""
        self._done += 1
        left = (time.monotonic() - self._began) / self._done * (self._total - self._done)
        found = (
            result.get("problem") or f"{self._metric} {points_text(_number(result, self._metric))}"
        )
        eta = f", about {_clock(left)} left of this step" if self._done < self._total else ""
        messages.print(
            f"step {self._number}: {self._done} of {self._total} judged, + {name}: {found}{eta}"
        )


def print_steps(
    steps: Sequence[Step], metric: str, stopped: str, warnings: Sequence[str], console: Console
) -> None:
    """A line for each step, in points: what it adds, both halves, and its gain on the other one."""
    on, other = number_columns(f"{metric} chosen on"), number_columns(f"{metric} other half")
    gain = number_columns(f"gain of {metric}", "95% interval")
    rest = [name for name in GROUP_METRICS if name != metric]
    columns = [*number_columns("step"), *text_columns("adds"), *on, *other, *gain]
    table = PrintedTable(
        "steps: mask AP in points, gains on the half that was not chosen on",
        [*columns, *number_columns(*rest)],
    )
    for number, step in enumerate(steps, 1):
        cells = [points_text(step.chosen_on[metric]), points_text(step.held_out[metric])]
        cells += [*_gain(step, metric), *(points_text(step.held_out[name]) for name in rest)]
        added = step.added if step.is_kept else f"{step.added} (not kept)"
        table.add(str(number), added, *cells)
    console.print(table)
    console.print(f"stopped: {stopped}", highlight=False, markup=False, soft_wrap=True)
    for warning in warnings:
        console.print(f"warning: {warning}", highlight=False, markup=False, soft_wrap=True)


def _gain(step: Step, metric: str) -> tuple[str, str]:
    if step.gain is None or step.gain[metric]["standard_error"] == UNDEFINED:
        return "-", "-"
    gain = step.gain[metric]
    span = f"{signed_points_text(gain['low'])} to {signed_points_text(gain['high'])}"
    return signed_points_text(gain["difference"]), span


def _number(result: dict[str, float | str], name: str) -> float:
    value = result[name]
    assert isinstance(value, float)
    return value


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
