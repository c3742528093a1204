"""Scores of right and of wrong detections by group: can a threshold tell them apart?"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.diagnosis.parts import (
    NOT_DIAGNOSED,
    diagnosed,
    group_name,
    line_below_title,
    of_row,
    panel_height,
    panel_title,
    undiagnosed,
)
from dashboards.figures.parts import ZERO_AT, count_height, row
from dashboards.look import GROUP_COLOURS, Look
from dashboards.sources.found import Row
from longtail.categories import FREQUENCY_GROUPS

TABLE, TOLD = "scores", "scores-told"
KINDS = ("wrong", "right")
BIN = 0.05
"""Width of a bin of scores."""
NARROW = 0.25
"""Share of a bin's width that bars of right detections leave free on both sides."""


def score_distribution(rows: Sequence[Row], shown: int = -1) -> Figure:
    """The figure, a panel for each frequency group.

    Args:
        rows: Of a page; some have a diagnosis.
        shown: Number of the row that is drawn; a page changes it.
    """
    shown %= len(rows)
    table = score_table(rows)
    panels: list[Draw] = [
        partial(_chart, table, letter, shown) for letter in reversed(FREQUENCY_GROUPS)
    ]
    return Figure(
        name="scores",
        title="Scores of right and of wrong detections",
        text="Judged detections in twenty bins of scores: wrong ones grey, right ones in the colour"
        " of their group. Where a coloured bar stands above the grey one, most are right."
        f"{_sentence(rows[shown])}",
        panels=tuple(panels),
        tables={TABLE: table, TOLD: _told_table(rows)},
        broad=True,
        least_width=230,
    )


def score_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line for each row, group, kind and bin that holds a detection.

    Returns:
        `row` (its number), `group`, `kind` (wrong, right), `low` end of the bin, and `count` of
        detections.
    """
    lines = []
    for number, tree in diagnosed(rows):
        for letter in FREQUENCY_GROUPS:
            for kind in KINDS:
                counts = tree["scores"][letter][kind]["histogram"]
                lines += [
                    {
                        "row": number,
                        "group": letter,
                        "kind": kind,
                        "low": place / len(counts),
                        "count": count,
                    }
                    for place, count in enumerate(counts)
                    if count
                ]
    return pd.DataFrame(lines, columns=["row", "group", "kind", "low", "count"])


def _told_table(rows: Sequence[Row]) -> pd.DataFrame:
    lines = [
        {"row": number, "group": letter, "text": _told(tree["scores"][letter])}
        for number, tree in diagnosed(rows)
        for letter in FREQUENCY_GROUPS
    ]
    lines += [
        {"row": number, "group": letter, "text": NOT_DIAGNOSED}
        for number in undiagnosed(rows)
        for letter in FREQUENCY_GROUPS
    ]
    return pd.DataFrame(lines, columns=["row", "group", "text"])


def _told(scores: Mapping[str, Any]) -> str:
    right, wrong = (scores[kind]["count"] for kind in ("right", "wrong"))
    return f"{right:,} right, {wrong:,} wrong" if right + wrong else "no judged detection"


def _sentence(of: Row) -> str:
    if not of.diagnosis:
        return ""
    parts = []
    for letter in FREQUENCY_GROUPS:
        quantiles = of.diagnosis["scores"][letter]["right"]["quantiles"]
        if quantiles:
            parts.append(f"{group_name(letter)} {quantiles[len(quantiles) // 2]:.2f}")
    if not parts:
        return f" Of {of.name}, no judged detection is right."
    return f" Of {of.name}, the median score of right ones is {', '.join(parts)}."


def _chart(table: pd.DataFrame, letter: str, shown: int, look: Look, width: Width) -> Chart:
    most = max([10, *table["count"]])
    inset = f"(datum.kind == 'right' ? {NARROW} : 0.03) * {BIN}"
    colours = [look["grey"], look[GROUP_COLOURS[letter]]]
    bars = (
        of_row(TABLE, f"datum.group == '{letter}'")
        .transform_calculate(high=f"datum.low + {BIN}")
        .transform_calculate(
            start=f"datum.low + {inset}", end=f"datum.high - {inset}", ground=f"{ZERO_AT}"
        )
        .mark_bar(opacity=1)
        .encode(
            x=alt.X(
                "start:Q",
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(title="score", tickCount=5, grid=False, labelFlush=False),
            ),
            x2="end:Q",
            y=count_height("count", "detections", most),
            y2="ground:Q",
            color=alt.Color(
                "kind:N",
                scale=alt.Scale(domain=list(KINDS), range=colours),
                legend=None,
            ),
            fillOpacity=alt.when("datum.kind == 'wrong'")
            .then(alt.value(0.55))
            .otherwise(alt.value(1)),
            tooltip=[
                alt.Tooltip("low:Q", title="scores from", format=".2f"),
                alt.Tooltip("high:Q", title="to", format=".2f"),
                alt.Tooltip("kind:N", title="detections that are"),
                alt.Tooltip("count:Q", title="number", format=","),
            ],
        )
        .add_params(row(shown))
    )
    told = line_below_title(TOLD, f"datum.group == '{letter}'", look)
    return alt.layer(bars, told).properties(
        width=width,
        height=panel_height(width, 200, 110),
        title=panel_title(group_name(letter)),
    )
