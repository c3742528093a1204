"""By what the detections of an image are ranked before the cap: score + margin of their group."""

from functools import partial

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.parts import fitting
from dashboards.look import GROUP_COLOURS, Look
from longtail.categories import GROUP_NAMES


def margins(rare: float, common: float, suffix: str = "") -> Figure | None:
    """The figure; None without margins.

    Args:
        rare: Added to the score of a rare category's detection, in scores.
        common: The same of common ones.
        suffix: Of the names of this merge's figures.
    """
    if not (rare or common):
        return None
    name = f"merge-margins{suffix}"
    return Figure(
        name=name,
        title="By what detections are ranked before the cap",
        text=f"Score + margin: rare {rare:+g}, common {common:+g}. At equal height two detections"
        f" rank alike: a rare one of score 0.2 as a frequent one of {0.2 + rare:g}.",
        panels=(partial(_chart, name),),
        tables={name: margin_table(rare, common)},
    )


def margin_table(rare: float, common: float) -> pd.DataFrame:
    """`group` (rare, ...), `margin`, `score` and the `key` it is ranked by: both ends of a line."""
    given = dict(zip(GROUP_NAMES.values(), (rare, common, 0.0), strict=True))
    return pd.DataFrame(
        [
            {"group": group, "margin": margin, "score": score, "key": score + margin}
            for group, margin in given.items()
            for score in (0.0, 1.0)
        ]
    )


def _chart(table: str, look: Look, width: Width) -> Chart:
    names = list(GROUP_NAMES.values())
    colours = [look[GROUP_COLOURS[letter]] for letter in GROUP_NAMES]
    lines = alt.Chart(alt.NamedData(table)).mark_line(strokeWidth=2.2).encode(
        x=alt.X("score:Q", title="score of the object", axis=alt.Axis(tickCount=5)),
        y=alt.Y("key:Q", title="score + margin", axis=alt.Axis(tickCount=5)),
        color=alt.Color(
            "group:N",
            scale=alt.Scale(domain=names, range=colours),
            legend=alt.Legend(columns=fitting(80, width), symbolType="stroke", symbolStrokeWidth=3),
        ),
        tooltip=["group:N", alt.Tooltip("margin:Q", format="+.3f")],
    )  # fmt: skip
    chart: Chart = lines.properties(width=width, height=150)
    return chart
