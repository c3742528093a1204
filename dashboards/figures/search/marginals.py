"""A metric along each searched path: every trial, and the means of bins."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.search.looks import (
    BEST,
    heading,
    metric_axis,
    points_of,
    slug,
    state_colour,
    state_of,
    state_shape,
)
from dashboards.figures.search.places import place_axis
from dashboards.look import Look
from longtail.config.search_space import Choice
from longtail.results.points import points_or_nan
from longtail.sweep.analysis.axis import Axis, spelt_value
from longtail.sweep.analysis.marginals import Marginal
from longtail.sweep.trial import Trial

# Trials of the same choice stand beside each other, over this share of its bin.
SPREAD = 0.5
GOLDEN = 0.6180339887
Align: TypeAlias = Literal["left", "center", "right"]
TRIALS = ["path", "trial", "state", "step", "at", "x", "value"]
MEANS = ["path", "bin", "start", "end", "mean", "trials"]


def marginals(
    metric: str,
    axes: Sequence[Axis],
    means: Sequence[Marginal],
    trials: Sequence[Trial],
    *,
    compared: str,
    base: Mapping[str, Any],
    best: int | None,
    suffix: str = "",
) -> Figure:
    """A panel for each path; what its title calls base is the value of the base variant.

    Args:
        metric: What goes up.
        axes: The paths.
        means: Of each path, over its bins.
        trials: All of the search; each is drawn at its last evaluation.
        compared: Which trials the means are of, for people.
        base: Values by path, marked where they are among the searched ones.
        best: Number of the best finished trial.
        suffix: Of the figure's name, where a page has several searches.
    """
    name = f"along-{slug(metric)}{suffix}"
    dots, bars = trial_table(metric, axes, trials, best), mean_table(axes, means)
    draws: list[Draw] = []
    for place, axis in enumerate(axes):
        mark = axis.position(base.get(axis.path))
        text = f"base {spelt_value(base.get(axis.path))}"
        values = [*dots["value"], *bars["mean"].dropna()]
        drawn = partial(_chart, name, metric, axis, place, (mark, text), values, set(dots["state"]))
        draws.append(drawn)
    return Figure(
        name=name,
        title=f"{heading(metric)} along each path",
        text=f"A mark is a trial at its last evaluation; bars are means of bins, of {compared}.",
        panels=tuple(draws),
        tables={name: dots, f"{name}-means": bars},
        broad=len(axes) > 1,
        least_width=260,
    )


def trial_table(
    metric: str, axes: Sequence[Axis], trials: Sequence[Trial], best: int | None
) -> pd.DataFrame:
    """A line for each trial on each path on which it has a value, the best trial last.

    Returns:
        `path` (number of the axis), `trial`, `state`, `step`, `at` (the value as text), `x` (its
        place from 0 to 1) and `value` (the metric in points); trials in which it is undefined are
        left out.
    """
    lines = []
    for trial in sorted(trials, key=lambda trial: (trial.number == best, trial.number)):
        value = points_of(trial, metric)
        for place, axis in enumerate(axes):
            x = axis.position(trial.point[axis.path]) if axis.path in trial.point else None
            if x is None or value != value:
                continue
            if isinstance(axis.dimension, Choice):
                aside = (trial.number * GOLDEN) % 1 - 0.5
                x += SPREAD * aside / len(axis.dimension.values)
            at = spelt_value(trial.point[axis.path])
            state = state_of(trial, best)
            lines.append((place, trial.number, state, trial.step, at, x, value))
    return pd.DataFrame(lines, columns=TRIALS)


def mean_table(axes: Sequence[Axis], means: Sequence[Marginal]) -> pd.DataFrame:
    """A line for each bin of each path that has trials: its ends and the mean in points."""
    lines = [
        (place, mean.name, part.start, part.end, points_or_nan(mean.mean), mean.num_trials)
        for place, (axis, marginal) in enumerate(zip(axes, means, strict=True))
        for part, mean in zip(axis.bins, marginal.bins, strict=True)
        if mean.mean is not None
    ]
    return pd.DataFrame(lines, columns=MEANS)


def _chart(
    name: str,
    metric: str,
    axis: Axis,
    place: int,
    base: tuple[float | None, str],
    values: Sequence[float],
    states: set[str],
    look: Look,
    width: Width,
) -> Chart:
    x, y = place_axis(axis), metric_axis(metric, values)
    of_path = f"datum.path == {place}"
    dots = (
        alt.Chart(alt.NamedData(name))
        .transform_filter(of_path)
        .mark_point(filled=True, opacity=1, fillOpacity=0.8, aria=False)
        .encode(
            x=x,
            y=y,
            color=state_colour(look, states),
            shape=state_shape(states),
            size=alt.when(f"datum.state == '{BEST}'").then(alt.value(110)).otherwise(alt.value(46)),
            tooltip=[
                alt.Tooltip("trial:Q"),
                alt.Tooltip("state:N"),
                alt.Tooltip("step:Q", title="iterations", format=","),
                alt.Tooltip("at:N", title=axis.label),
                alt.Tooltip("value:Q", title=heading(metric), format=".2f"),
            ],
        )
    )
    bars = (
        alt.Chart(alt.NamedData(f"{name}-means"))
        .transform_filter(of_path)
        .mark_rule(color=look["ink"], strokeWidth=3, strokeCap="round")
        .encode(
            x=alt.X("start:Q"),
            x2="end:Q",
            y="mean:Q",
            tooltip=[
                alt.Tooltip("bin:N", title=axis.label),
                alt.Tooltip("mean:Q", title=f"mean {heading(metric)}", format=".2f"),
                alt.Tooltip("trials:Q"),
            ],
        )
    )
    layers = [dots, bars] if base[0] is None else [*_base(base[0], base[1], look), dots, bars]
    return alt.layer(*layers).properties(width=width, height=220)


def _base(place: float, text: str, look: Look) -> list[alt.Chart]:
    data = alt.Chart(alt.InlineData(values=[{"x": place, "text": text}]))
    align: Align = "left" if place < 0.3 else "right" if place > 0.7 else "center"
    rule = data.mark_rule(color=look["muted"], strokeDash=[4, 3]).encode(x="x:Q")
    word = data.mark_text(align=align, baseline="bottom", dy=-3, color=look["muted"]).encode(
        x="x:Q", y=alt.value(0), text="text:N"
    )
    return [rule, word]
