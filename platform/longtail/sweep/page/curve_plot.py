"""Figure of the evaluations of all trials on their way."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longtail.metrics import UNDEFINED, points_text
from longtail.sweep.page.figure import (
    Frame,
    Ticks,
    ValueAxis,
    dot,
    horizontal_axis,
    svg,
    value_axis,
    vertical_axis,
)
from longtail.sweep.trial import Rung, Trial

FRAME = Frame(940, 370, 48, 24, 30, 56)
# From this ratio of steps on they are shown by their logarithm: rungs are then equally far apart.
LOG_FROM = 5.0
MOST_TICKS = 12
ROOM = 0.03


def curve_plot(name: str, metric: str, trials: Sequence[Trial], best: int | None) -> str:
    """A line for each trial; stopped ones end early, the best one stands out.

    Args:
        name: Id of the figure.
        metric: What goes up.
        trials: All trials of the sweep.
        best: Number of the best finished trial.
    """
    curves = {trial.number: _defined(trial, metric) for trial in trials}
    rungs = [rung for curve in curves.values() for rung in curve]
    steps = _Steps(tuple(sorted({rung.step for rung in rungs})))
    values = value_axis(rung.metrics[metric] for rung in rungs)
    order = sorted(trials, key=lambda trial: (trial.number == best, trial.state == "finished"))
    middle = (FRAME.x(0) + FRAME.x(1)) / 2
    place = f'x="{middle:.0f}" y="{FRAME.height - 10}" text-anchor="middle"'
    elements = (
        *vertical_axis(FRAME, values.ticks()),
        *horizontal_axis(FRAME, steps.ticks()),
        f'<text x="8" y="16" class="strong">{metric}</text>',
        f"<text {place}>iterations of the last stage</text>",
        *(
            element
            for trial in order
            for element in _curve(trial, curves[trial.number], metric, steps, values, best)
        ),
    )
    title = f"{metric} of every trial on its way"
    return svg(FRAME, name, title, _words(steps, curves), elements)


@dataclass(frozen=True)
class _Steps:
    """Steps at which trials were evaluated, rising, on a line from 0 to 1."""

    steps: tuple[int, ...]

    def share(self, step: int) -> float:
        if len(self.steps) < 2:
            return 0.5
        low, high = self._scaled(self.steps[0]), self._scaled(self.steps[-1])
        return ROOM + (1 - 2 * ROOM) * (self._scaled(step) - low) / (high - low)

    def ticks(self) -> Ticks:
        apart = math.ceil(len(self.steps) / MOST_TICKS) or 1
        return [(self.share(step), f"{step:,}") for step in self.steps[::apart]]

    def _scaled(self, step: int) -> float:
        ratio = self.steps[-1] / max(self.steps[0], 1)
        return math.log(max(step, 1)) if ratio >= LOG_FROM else float(step)


def _defined(trial: Trial, metric: str) -> list[Rung]:
    return [
        rung
        for rung in trial.intermediate_values
        if rung.metrics.get(metric, UNDEFINED) != UNDEFINED
    ]


def _curve(
    trial: Trial,
    curve: Sequence[Rung],
    metric: str,
    steps: _Steps,
    values: ValueAxis,
    best: int | None,
) -> Iterator[str]:
    if not curve:
        return
    places = [
        (FRAME.x(steps.share(rung.step)), FRAME.y(values.share(rung.metrics[metric])))
        for rung in curve
    ]
    look = "best-of-all" if trial.number == best else trial.state
    way = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    values_on_the_way = ", ".join(
        f"{points_text(rung.metrics[metric])} after {rung.step:,}" for rung in curve
    )
    hover = f"trial {trial.number}, {trial.state}: {metric} {values_on_the_way}"
    yield f'<path class="curve {look}" d="M{way}"><title>{hover}</title></path>'
    yield dot(*places[-1], look, hover, radius=5.5 if trial.number == best else 4)


def _words(steps: _Steps, curves: dict[int, list[Rung]]) -> str:
    reached = [
        f"{step:,}: {sum(any(rung.step == step for rung in curve) for curve in curves.values())}"
        for step in steps.steps
    ]
    return f"Trials evaluated after so many iterations. {', '.join(reached) or 'None'}."
