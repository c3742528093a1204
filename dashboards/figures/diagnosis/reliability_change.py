"""How often scores of each source are right, before and after a merge calibrated them."""

from collections.abc import Mapping
from functools import partial

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.diagnosis.parts import framed, group_name
from dashboards.figures.diagnosis.score_bins import (
    COLUMNS,
    FEW,
    bin_lines,
    diagonal,
    dot_size,
    square,
    told_of_bin,
)
from dashboards.figures.name_axis import name_title
from dashboards.figures.parts import fitting, group_colour
from dashboards.look import Look
from ensemble.calibration.file import Calibration
from ensemble.calibration.fitted_source import ReliabilityChange
from longtail.categories import FREQUENCY_GROUPS

TABLE = "reliability-change"
WHEN = ("before", "after")
DASHES = ([3, 2], [1, 0])
NARROW_TITLE = 190
"""Pixels over the plot of the narrowest panel of a page."""
MOST_SOURCES = 12
"""Panels, at most."""


def reliability_change(calibration: Calibration, suffix: str = "") -> Figure | None:
    """The figure, a panel for each source; None where the file kept no bins of scores.

    Args:
        calibration: As it was fitted.
        suffix: Of its name, where a page has several, such as "-2".
    """
    sources = [name for name, of in calibration.sources.items() if of.reliability]
    if not sources:
        return None
    shown, name = sources[:MOST_SOURCES], f"{TABLE}{suffix}"
    more = f" The first {len(shown)} of {len(sources)} sources." if shown != sources else ""
    return Figure(
        name=name,
        title="Do scores mean what they say, before and after calibration?",
        text="Dots: judged detections of a tenth of the scores, larger where there are more, faint"
        f" and off the lines under {FEW}; a tenth without a detection is not defined, and has none."
        " Pale and dashed before, strong after maps that were fitted to other images. On the"
        " diagonal a score of 0.8 is right 8 times of 10; below it, scores promise too"
        f" much.{more}",
        panels=tuple(
            partial(_chart, name, source, shown, _undefined(of.reliability))
            for source, of in calibration.sources.items()
            if source in shown
        ),
        tables={name: change_table(calibration, shown)},
        broad=True,
        least_width=230,
    )


def change_table(calibration: Calibration, sources: list[str]) -> pd.DataFrame:
    """A line for each source, frequency group and bin of scores that holds a detection.

    Returns:
        `source`, `group`, `when` (before, after), and the columns of `bin_lines`.
    """
    lines = [
        (name, letter, when, *line)
        for name in sources
        for when in WHEN
        for letter in FREQUENCY_GROUPS
        for line in bin_lines(getattr(calibration.sources[name].reliability[letter], when))
    ]
    return pd.DataFrame(lines, columns=["source", "group", "when", *COLUMNS])


def _undefined(reliability: Mapping[str, ReliabilityChange]) -> str:
    """Groups without a detection, in words."""
    holes = [
        group_name(letter)
        for letter, of in reliability.items()
        if not any(each.count for each in of.before)
    ]
    return f"not defined, no judged detection: {', '.join(holes)}" if holes else ""


def _chart(
    table: str, source: str, names: list[str], undefined: str, look: Look, width: Width
) -> Chart:
    # Compared as JSON, in which no name ends the expression.
    base = alt.Chart(alt.NamedData(table)).transform_filter(
        alt.FieldEqualPredicate(field="source", equal=source)
    )
    (x, y), is_before = square(), "datum.when == 'before'"
    colour = group_colour(look, 3 if look.on_paper else fitting(78, width))
    dash = alt.StrokeDash(
        "when:N",
        sort=None,
        scale=alt.Scale(domain=list(WHEN), range=list(DASHES)),
        legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=2, orient="bottom"),
    )
    pale = alt.when(is_before)
    lines = (
        base.transform_filter(f"datum.count >= {FEW}")
        .mark_line(aria=False)
        .encode(
            x=x,
            y=y,
            color=colour,
            strokeDash=dash,
            strokeWidth=pale.then(alt.value(1.5)).otherwise(alt.value(2.2)),
            strokeOpacity=pale.then(alt.value(0.45)).otherwise(alt.value(1)),
        )
    )
    few = alt.when(f"datum.count < {FEW}").then(alt.value(0.25))
    dots = base.mark_circle(opacity=1).encode(
        x=x,
        y=y,
        color=colour,
        size=dot_size(220),
        fillOpacity=few.when(is_before).then(alt.value(0.4)).otherwise(alt.value(1)),
        tooltip=[
            alt.Tooltip("source:N"),
            alt.Tooltip("group:N", title="categories"),
            alt.Tooltip("when:N", title="calibration"),
            *told_of_bin(),
        ],
    )
    told = (
        alt.Chart(alt.InlineData(values=[{"text": undefined}]))
        .mark_text(align="left", baseline="bottom", color=look["muted"], fontSize=look.size)
        .encode(x=alt.value(0), y=alt.value(-5), text="text:N")
    )
    title = name_title(source, names, look, width, NARROW_TITLE, 0)
    return framed(alt.layer(diagonal(look), lines, dots, told), title, width, 230, 130)
