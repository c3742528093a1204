"""Scores of right and of wrong detections by group: can a threshold tell them apart?"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.diagnosis.parts import by_group, diagnosed, framed, group_name, of_row
from dashboards.figures.diagnosis.told import line_below_title, told_by_group
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
    return Figure(
        name="scores",
        title="Scores of right and of wrong detections",
        text="Judged detections in twenty bins of scores: wrong ones grey, right ones in the colour"
        " of their group. Where a coloured bar stands above the grey one, most are right."
        f"{_sentence(rows[shown])}",
        panels=by_group(lambda letter: partial(_chart, table, letter, shown)),
        tables={TABLE: table, TOLD: told_by_group(rows, _told)},
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


def _told(tree: Mapping[str, Any], letter: str) -> str:
    right, wrong = (tree["scores"][letter][kind]["count"] for kind in ("right", "wrong"))
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
    most, of_group = max([10, *table["count"]]), f"datum.group == '{letter}'"
    inset = f"(datum.kind == 'right' ? {NARROW} : 0.03) * {BIN}"
    colours = [look["grey"], look[GROUP_COLOURS[letter]]]
    bars = (
        of_row(TABLE, of_group)
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
    layers = alt.layer(bars, line_below_title(TOLD, look, of_group))
    return framed(layers, group_name(letter), width, 200, 110)
