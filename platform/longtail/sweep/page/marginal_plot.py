"""Figure of a metric against the values of one searched path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from longtail.config.search_space import Choice
from longtail.metrics import UNDEFINED, points_text
from longtail.sweep.analysis.axis import Axis, spelt_value
from longtail.sweep.analysis.marginals import Marginal
from longtail.sweep.page.figure import (
    Frame,
    ValueAxis,
    bottom_margin,
    cut,
    dot,
    horizontal_axis,
    svg,
    value_axis,
    vertical_axis,
)
from longtail.sweep.trial import Trial

WIDTH, PLOT_HEIGHT = 460, 210
LEFT, RIGHT, TOP = 48, 18, 30
LONGEST_BASE = 24
# Trials of the same choice stand beside each other, over this share of its bin.
SPREAD = 0.5
GOLDEN = 0.6180339887


def marginal_plot(
    name: str,
    metric: str,
    axis: Axis,
    marginal: Marginal,
    trials: Sequence[Trial],
    *,
    base: Any,
    best: int | None,
) -> str:
    """A dot for each trial at its last evaluation, filled if it finished, and means of the bins.

    Args:
        name: Id of the figure.
        metric: What goes up.
        axis: The path.
        marginal: Its means.
        trials: All trials of the sweep.
        base: The base variant's value, marked where it is among the searched ones.
        best: Number of the best finished trial.
    """
    ticks = axis.ticks()
    bottom = bottom_margin(ticks, WIDTH - LEFT - RIGHT)
    shown = [trial for trial in trials if trial.metrics.get(metric, UNDEFINED) != UNDEFINED]
    means = [part.mean for part in marginal.bins if part.mean is not None]
    panel = _Panel(
        metric,
        axis,
        value_axis([*(trial.metrics[metric] for trial in shown), *means]),
        Frame(WIDTH, TOP + PLOT_HEIGHT + bottom, LEFT, RIGHT, TOP, bottom),
    )
    elements = (
        *vertical_axis(panel.frame, panel.values.ticks()),
        *horizontal_axis(panel.frame, ticks, lines=not isinstance(axis.dimension, Choice)),
        f'<text x="8" y="16" class="strong">{metric}</text>',
        *panel.base(base),
        *panel.means(marginal),
        *(panel.trial(trial, trial.number == best) for trial in shown),
    )
    title = f"{metric} against {axis.path}"
    return svg(panel.frame, name, title, _words(marginal, metric), elements)


@dataclass(frozen=True)
class _Panel:
    metric: str
    axis: Axis
    values: ValueAxis
    frame: Frame

    def base(self, value: Any) -> Iterator[str]:
        share = self.axis.position(value)
        if share is None:
            return
        x = self.frame.x(share)
        anchor = "start" if share < 0.2 else "end" if share > 0.8 else "middle"
        text = f'x="{x:.1f}" y="{TOP - 14}" text-anchor="{anchor}"'
        yield f'<path class="base" d="M{x:.1f} {TOP - 8}V{self.frame.y(0):.1f}"/>'
        yield f"<text {text}>base {cut(spelt_value(value), LONGEST_BASE)}</text>"

    def trial(self, trial: Trial, is_best: bool) -> str:
        searched, value = trial.point[self.axis.path], trial.metrics[self.metric]
        share = self.axis.position(searched)
        assert share is not None, f"trial {trial.number}: {self.axis.path} is not in the space"
        if isinstance(self.axis.dimension, Choice):
            aside = (trial.number * GOLDEN) % 1 - 0.5
            share += SPREAD * aside / len(self.axis.dimension.values)
        hover = (
            f"trial {trial.number}, {trial.state} after {trial.step:,} iterations:"
            f" {self.metric} {points_text(value)} at {spelt_value(searched)}"
        )
        look = "best-of-all" if is_best else trial.state
        return dot(self.frame.x(share), self._y(value), look, hover)

    def means(self, marginal: Marginal) -> Iterator[str]:
        for part, mean in zip(self.axis.bins, marginal.bins, strict=True):
            if mean.mean is None:
                continue
            start, end = self.frame.x(part.start) + 2, self.frame.x(part.end) - 2
            points = points_text(mean.mean)
            text = f"{mean.name}: mean {self.metric} {points}, trials: {mean.num_trials}"
            line = f'd="M{start:.1f} {self._y(mean.mean):.1f}H{end:.1f}"'
            yield f'<path class="mean" {line}><title>{escape(text)}</title></path>'

    def _y(self, value: float) -> float:
        return self.frame.y(self.values.share(value))


def _words(marginal: Marginal, metric: str) -> str:
    means = [
        f"{part.name}: {points_text(part.mean)} ({part.num_trials})"
        for part in marginal.bins
        if part.mean is not None
    ]
    return f"Mean {metric} and number of trials of each bin. {'; '.join(means) or 'No trial.'}"
