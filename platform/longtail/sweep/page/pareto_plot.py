"""Figure of two metrics of the finished trials, and those between which one must choose."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from longtail.metrics import UNDEFINED, points_text
from longtail.sweep.analysis.pareto import pareto_front
from longtail.sweep.page.figure import (
    Frame,
    ValueAxis,
    dot,
    horizontal_axis,
    svg,
    value_axis,
    vertical_axis,
)
from longtail.sweep.trial import Trial

FRAME = Frame(560, 380, 48, 30, 30, 56)


def pareto_plot(
    name: str, across: str, up: str, trials: Sequence[Trial], members: Sequence[int]
) -> str:
    """A dot for each finished trial, and the line that those of this plane reach.

    Args:
        name: Id of the figure.
        across: The metric that goes to the right.
        up: The metric that goes up.
        trials: All trials of the sweep.
        members: Numbers of those that no other one dominates in all metrics of the sweep.
    """
    shown = [
        trial
        for trial in trials
        if trial.state == "finished"
        and all(trial.metrics.get(metric, UNDEFINED) != UNDEFINED for metric in (across, up))
    ]
    plane = _Plane(
        across,
        up,
        value_axis(trial.metrics[across] for trial in shown),
        value_axis(trial.metrics[up] for trial in shown),
    )
    place = f'x="{FRAME.x(0.5):.0f}" y="{FRAME.height - 10}" text-anchor="middle"'
    front = [trial for trial in shown if trial.number in members]
    elements = (
        *vertical_axis(FRAME, plane.y_axis.ticks()),
        *horizontal_axis(FRAME, plane.x_axis.ticks()),
        f'<text x="8" y="16" class="strong">{up}</text>',
        f'<text {place} class="strong">{across}</text>',
        *plane.reach(pareto_front(shown, (across, up))),
        *(plane.dot(trial, "finished", 4) for trial in shown if trial.number not in members),
        *(plane.dot(trial, "member", 5.5) for trial in front),
        *(plane.number(trial) for trial in front),
    )
    title = f"{up} against {across} of the finished trials"
    return svg(FRAME, name, title, plane.words(front), elements)


@dataclass(frozen=True)
class _Plane:
    across: str
    up: str
    x_axis: ValueAxis
    y_axis: ValueAxis

    def place(self, trial: Trial) -> tuple[float, float]:
        x = FRAME.x(self.x_axis.share(trial.metrics[self.across]))
        return x, FRAME.y(self.y_axis.share(trial.metrics[self.up]))

    def reach(self, front: Sequence[Trial]) -> Iterator[str]:
        """Steps; below and to the left of them everything is dominated."""
        if front:
            places = [self.place(trial) for trial in front]
            way = "".join(f"H{x:.1f}V{y:.1f}" for x, y in places)
            yield (
                f'<path class="front" d="M{places[0][0]:.1f} {FRAME.y(0):.1f}{way}H{FRAME.left}"/>'
            )

    def dot(self, trial: Trial, look: str, radius: float) -> str:
        return dot(*self.place(trial), look, self._text(trial), radius)

    def number(self, trial: Trial) -> str:
        x, y = self.place(trial)
        return f'<text x="{x + 8:.1f}" y="{y - 7:.1f}" class="strong">{trial.number}</text>'

    def words(self, front: Sequence[Trial]) -> str:
        return f"Not dominated: {'; '.join(map(self._text, front)) or 'none'}."

    def _text(self, trial: Trial) -> str:
        values = (
            f"{metric} {points_text(trial.metrics[metric])}" for metric in (self.across, self.up)
        )
        return f"trial {trial.number}, {', '.join(values)}"
