"""Reliability by group: how often detections of a score are right."""

from collections.abc import Iterator, Mapping, Sequence
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
from dashboards.figures.parts import row
from dashboards.look import GROUP_COLOURS, Look
from dashboards.sources.found import Row
from longtail.categories import FREQUENCY_GROUPS
from longtail.metrics import UNDEFINED, points_text

TABLE, TOLD = "reliability", "reliability-told"
FEW = 20
"""Bins of fewer detections are drawn faint: their precision says little."""
MIXED = 0.05
"""From such a share of the detections on it is said that some are too high, others too low."""


def reliability(rows: Sequence[Row], shown: int = -1) -> Figure:
    """The figure, a panel for each frequency group.

    Args:
        rows: Of a page; some have a diagnosis.
        shown: Number of the row that is drawn; a page changes it.
    """
    shown %= len(rows)
    panels: list[Draw] = [partial(_chart, letter, shown) for letter in reversed(FREQUENCY_GROUPS)]
    return Figure(
        name="reliability",
        title="Do scores mean what they say?",
        text="Dots: judged detections of a tenth of the scores, larger where there are more, faint"
        f" under {FEW}. On the diagonal a score of 0.8 is right 8 times of 10; below it, scores"
        f" promise too much.{_sentence(rows[shown])}",
        panels=tuple(panels),
        tables={TABLE: reliability_table(rows), TOLD: told_table(rows)},
        broad=True,
        least_width=230,
    )


def reliability_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line for each row, group and bin of scores that holds a detection.

    Returns:
        `row` (its number), `group`, `low` end of the bin, `count` of detections, their `share` of
        the group's, their mean `score`, and their `precision`, fractions.
    """
    lines = []
    for number, tree in diagnosed(rows):
        for letter in FREQUENCY_GROUPS:
            bins = tree["calibration"][letter]["bins"]
            total = sum(of["count"] for of in bins)
            lines += [
                {
                    "row": number,
                    "group": letter,
                    "low": of["low"],
                    "count": of["count"],
                    "share": round(of["count"] / total, 4),
                    "score": round(of["mean_score"], 4),
                    "precision": round(of["precision"], 4),
                }
                for of in bins
                if of["count"]
            ]
    columns = ["row", "group", "low", "count", "share", "score", "precision"]
    return pd.DataFrame(lines, columns=columns)


def told_table(rows: Sequence[Row]) -> pd.DataFrame:
    """What stands above each panel: `row`, `group`, `text` with the error and the detections."""
    lines = [
        {"row": number, "group": letter, "text": _told(tree["calibration"][letter])}
        for number, tree in diagnosed(rows)
        for letter in FREQUENCY_GROUPS
    ]
    lines += [
        {"row": number, "group": letter, "text": NOT_DIAGNOSED}
        for number in undiagnosed(rows)
        for letter in FREQUENCY_GROUPS
    ]
    return pd.DataFrame(lines, columns=["row", "group", "text"])


def share_too_high(calibration: Mapping[str, Any]) -> float:
    """Of all detections, those in bins whose scores promise too much, a fraction."""
    bins = calibration["bins"]
    total = sum(of["count"] for of in bins)
    return float(sum(of["count"] for of in bins if of["mean_score"] > of["precision"]) / total)


def _direction(calibration: Mapping[str, Any]) -> str:
    """In words; detections of both kinds are told apart, as dots above the diagonal may be few."""
    share = share_too_high(calibration)
    if MIXED < share < 1 - MIXED:
        return f"too high for {share:.0%} of the detections, too low for the others"
    return "too high" if share > MIXED else "too low"


def _told(calibration: Mapping[str, Any]) -> str:
    if calibration["error"] == UNDEFINED:
        return "not defined: no judged detection"
    count = sum(of["count"] for of in calibration["bins"])
    return f"D-ECE {points_text(calibration['error'])}, {count:,} detections"


def _sentence(of: Row) -> str:
    parts = list(_parts(of.diagnosis["calibration"])) if of.diagnosis else []
    return f" Of {of.name}: {'; '.join(parts)}." if parts else ""


def _parts(calibration: Mapping[str, Any]) -> Iterator[str]:
    for letter in FREQUENCY_GROUPS:
        of = calibration[letter]
        if of["error"] != UNDEFINED:
            off = f"{points_text(of['error'])} points off"
            yield f"{group_name(letter)} scores are {off}, {_direction(of)}"


def _chart(letter: str, shown: int, look: Look, width: Width) -> Chart:
    base = of_row(TABLE, f"datum.group == '{letter}'")
    colour = look[GROUP_COLOURS[letter]]
    unit = alt.Scale(domain=[0, 1])
    x = alt.X(
        "score:Q", scale=unit, axis=alt.Axis(title="mean score", tickCount=5, labelFlush=False)
    )
    y = alt.Y(
        "precision:Q",
        scale=unit,
        axis=alt.Axis(title="share that is right", tickCount=5, format="%"),
    )
    ends = alt.InlineData(values=[{"score": 0, "precision": 0}, {"score": 1, "precision": 1}])
    diagonal = (
        alt.Chart(ends)
        .mark_line(color=look["muted"], strokeDash=[4, 4], strokeWidth=1)
        .encode(x=x, y=y)
    )
    gap = base.mark_rule(color=colour, strokeWidth=1.5, strokeOpacity=0.35, aria=False).encode(
        x="score:Q", y="score:Q", y2="precision:Q"
    )
    line = base.mark_line(color=colour, strokeWidth=2).encode(x=x, y=y)
    dots = (
        base.mark_circle(color=colour, opacity=1)
        .encode(
            x=x,
            y=y,
            size=alt.Size(
                "share:Q",
                scale=alt.Scale(domain=[0, 1], range=[14, 320]),
                legend=None,
            ),
            fillOpacity=alt.when(f"datum.count < {FEW}")
            .then(alt.value(0.3))
            .otherwise(alt.value(1)),
            tooltip=[
                alt.Tooltip("count:Q", title="detections", format=","),
                alt.Tooltip("score:Q", title="mean score", format=".3f"),
                alt.Tooltip("precision:Q", title="are right", format=".1%"),
            ],
        )
        .add_params(row(shown))
    )
    told = line_below_title(TOLD, f"datum.group == '{letter}'", look)
    layers = alt.layer(diagonal, gap, line, dots, told)
    return layers.properties(
        width=width,
        height=panel_height(width, 230, 120),
        title=panel_title(group_name(letter)),
    )
