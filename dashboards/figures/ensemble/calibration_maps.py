"""What a calibration turns the scores of each source into."""

from collections.abc import Iterator, Sequence
from functools import partial

import altair as alt
import numpy as np
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.parts import fitting
from dashboards.look import GROUP_COLOURS, Look
from ensemble.calibration.file import Calibration
from ensemble.calibration.maps import through
from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES

POINTS_OF_A_MAP = 101
ALL = "all groups"
OWN = {
    "group": "of the group",
    "source": "of the whole source",
    "all sources": "of all sources together",
    "unchanged": "none: scores stay",
}
"""How the map that scores go through is called."""


def calibration_maps(
    calibration: Calibration, names: Sequence[str], suffix: str = ""
) -> Figure | None:
    """The figure; None where none of the sources is in the calibration.

    Args:
        calibration: That the merge used.
        names: Of the sources of the merge.
        suffix: Of the names of this merge's figures.
    """
    known = [name for name in names if name in calibration.sources]
    if not known:
        return None
    name, table = f"merge-maps{suffix}", map_table(calibration, known)
    groups = [group for group in (*GROUP_NAMES.values(), ALL) if (table.group == group).any()]
    return Figure(
        name=f"merge-calibration{suffix}",
        title=f"What {calibration.kind} calibration makes of scores",
        text="Score of a detection before and after; on the dashed line nothing changes. A line for"
        " each frequency group, or one where all groups share a map.",
        panels=tuple(partial(_chart, name, groups, source) for source in known),
        tables={name: table},
        broad=len(known) > 1,
        least_width=200,
    )


def map_table(calibration: Calibration, names: Sequence[str]) -> pd.DataFrame:
    """Points of the maps.

    Args:
        calibration: Has the sources.
        names: Those that are drawn.

    Returns:
        `source`, `group` (rare, common, frequent, or all groups), `whose` (map it is), `score` and
        `calibrated` in [0, 1].
    """
    lines = [line for name in names for line in _lines(calibration, name)]
    return pd.DataFrame(lines, columns=["source", "group", "whose", "score", "calibrated"])


def _lines(calibration: Calibration, name: str) -> Iterator[tuple[str, str, str, float, float]]:
    maps = {letter: calibration.map_of(name, letter) for letter in FREQUENCY_GROUPS}
    first, shares = FREQUENCY_GROUPS[0], len({repr(of) for of in maps.values()}) == 1
    groups = {first: ALL} if shares else GROUP_NAMES
    # Closer to both ends, where sigmoids are steep.
    scores = np.round((1 - np.cos(np.pi * np.linspace(0, 1, POINTS_OF_A_MAP))) / 2, 4)
    for letter, group in groups.items():
        values = through(maps[letter], scores)
        for score, value in zip(scores.tolist(), values.tolist(), strict=True):
            yield (
                name,
                group,
                OWN[calibration.whose(name, letter)],
                round(score, 4),
                round(value, 5),
            )


def _chart(table: str, groups: list[str], source: str, look: Look, width: Width) -> Chart:
    # Compared as JSON, in which no name ends the expression.
    base = alt.Chart(alt.NamedData(table)).transform_filter(
        alt.FieldEqualPredicate(field="source", equal=source)
    )
    diagonal = (
        alt.Chart(alt.InlineData(values=[{"score": 0}, {"score": 1}]))
        .mark_line(color=look["muted"], strokeDash=[4, 3], strokeWidth=1)
        .encode(x="score:Q", y="score:Q")
    )
    of_groups = {group: look[GROUP_COLOURS[letter]] for letter, group in GROUP_NAMES.items()}
    colours = [of_groups.get(group, look["ink"]) for group in groups]
    axis = alt.Axis(values=[0, 0.25, 0.5, 0.75, 1], format=".2~f")
    lines = base.mark_line(strokeWidth=2.2).encode(
        x=alt.X("score:Q", title="score before", scale=alt.Scale(domain=[0, 1]), axis=axis),
        y=alt.Y("calibrated:Q", title="after", scale=alt.Scale(domain=[0, 1]), axis=axis),
        color=alt.Color(
            "group:N",
            scale=alt.Scale(domain=groups, range=colours),
            legend=alt.Legend(columns=fitting(80, width), symbolType="stroke", symbolStrokeWidth=3),
        ),
        tooltip=[
            alt.Tooltip("source:N"),
            alt.Tooltip("group:N"),
            alt.Tooltip("whose:N", title="map"),
            alt.Tooltip("score:Q", title="score before", format=".2f"),
            alt.Tooltip("calibrated:Q", title="after", format=".3f"),
        ],
    )
    return alt.layer(diagonal, lines).properties(width=width, height=210, title=source)
