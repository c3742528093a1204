"""AP and APr over the margins of rare and common categories that a tuning tried on its winner."""

from functools import partial

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.search.heat_map import mean_colour
from dashboards.figures.search.looks import heading
from dashboards.look import Look
from ensemble.tuning.objective.margins import MAX_COMMON, MAX_RARE, MarginTrials
from longtail.metrics import UNDEFINED
from longtail.results.points import points_or_nan

SHOWN = ("AP", "APr")
SIDE = 300
HAIR = 0.002
COLUMNS = ["rare", "common", "x0", "x1", "y0", "y1", "mean"]


def margin_map(trials: MarginTrials, about: str, suffix: str = "") -> Figure:
    """A square for each pair of margins; small ones are of the finer grid.

    Args:
        trials: The margins of one fusion.
        about: A sentence on whether margins can act.
        suffix: Of the figure's name, where a page has several searches.
    """
    tables = {f"margins-{of.lower()}{suffix}": margin_table(trials, of) for of in SHOWN}
    draws: list[Draw] = [
        partial(_chart, name, metric, trials) for name, metric in zip(tables, SHOWN, strict=True)
    ]
    return Figure(
        name=f"margins{suffix}",
        title="AP by the margins of rare and common categories",
        text=(
            f"{len(trials)} pairs of margins. {about} Circle: the best of a metric. Cross: the"
            " margins that the search began with. The rare margin is never below the common one."
        ),
        panels=tuple(draws),
        tables=tables,
        broad=True,
        least_width=260,
    )


def margin_table(trials: MarginTrials, metric: str) -> pd.DataFrame:
    """A line for each pair, large squares before the small ones that lie on them. The first pair,
    which has no square of its own, has one of the coarse grid below all others.

    Returns:
        `rare` and `common` margin, corners `x0` to `x1` (common) and `y0` to `y1` (rare) within
        the range that is searched, and `mean`: the metric in points. Empty where it is undefined.
    """
    values = trials.metrics[metric]
    largest = max(trials.cell)
    cells = zip(trials.rare, trials.common, trials.cell, values, strict=True)
    squares = [(rare, common, cell or largest, value) for rare, common, cell, value in cells]
    # The first pair stays the first of its size.
    squares.sort(key=lambda square: -square[2])
    lines = [
        (
            rare,
            common,
            max(0.0, common - cell / 2),
            min(MAX_COMMON, common + cell / 2),
            max(0.0, rare - cell / 2),
            min(MAX_RARE, rare + cell / 2),
            points_or_nan(value),
        )
        for rare, common, cell, value in squares
        if value != UNDEFINED and rare <= MAX_RARE and common <= MAX_COMMON
    ]
    return pd.DataFrame(lines, columns=COLUMNS)


def _chart(name: str, metric: str, trials: MarginTrials, look: Look, width: Width) -> Chart:
    if max(trials.metrics[metric]) == UNDEFINED:
        return _nothing(metric, look, width)
    x = alt.X(
        "x0:Q",
        title="common margin",
        scale=alt.Scale(domain=[0, MAX_COMMON], nice=False),
        axis=alt.Axis(values=[0, 0.05, 0.1, 0.15], grid=False, labelFlush=False),
    )
    y = alt.Y(
        "y0:Q",
        title="rare margin",
        scale=alt.Scale(domain=[0, MAX_RARE], nice=False),
        axis=alt.Axis(values=[0, 0.1, 0.2, 0.3], grid=False),
    )
    means = [points_or_nan(of) for of in trials.metrics[metric]]
    squares = (
        alt.Chart(alt.NamedData(name))
        # A hair more than their share, so that no ground shows between them.
        .transform_calculate(
            right=f"datum.x1 + {MAX_COMMON / 500}", top=f"datum.y1 + {MAX_RARE / 500}"
        )
        .mark_rect(aria=False)
        .encode(
            x=x,
            x2="right:Q",
            y=y,
            y2="top:Q",
            color=mean_colour(metric, means),
            tooltip=[
                alt.Tooltip("rare:Q", title="rare margin", format=".4~g"),
                alt.Tooltip("common:Q", title="common margin", format=".4~g"),
                alt.Tooltip("mean:Q", title=heading(metric), format=".2f"),
            ],
        )
    )
    layers = [squares]
    first = (trials.rare[0], trials.common[0])
    place = trials.best([metric])
    best = (trials.rare[place], trials.common[place])
    for margins, shape, size in ((first, "cross", 200), (best, "circle", 220)):
        if margins[0] <= MAX_RARE and margins[1] <= MAX_COMMON:
            layers += _marked(margins, shape, size)
    height = SIDE if width == "container" else width
    return alt.layer(*layers).properties(width=width, height=height)


def _marked(margins: tuple[float, float], shape: str, size: int) -> list[alt.Chart]:
    """A mark that is seen on every colour: white on black."""
    rare, common = margins
    data = alt.Chart(alt.InlineData(values=[{"x": common, "y": rare}]))
    shape = "M-1,0L1,0M0,-1L0,1" if shape == "cross" else shape
    return [
        data.mark_point(
            shape=shape, size=size, stroke=stroke, strokeWidth=wide, fill=None, tooltip=None
        ).encode(x="x:Q", y="y:Q")
        for stroke, wide in (("black", 4), ("white", 2))
    ]


def _nothing(metric: str, look: Look, width: Width) -> Chart:
    text = f"{heading(metric)} is not defined: no category of the group occurs"
    data = alt.Chart(alt.InlineData(values=[{"text": text}]))
    words = data.mark_text(color=look["muted"], limit=400).encode(text="text:N")
    return alt.layer(words).properties(width=width, height=SIDE if width == "container" else width)
