"""Reliability by group: how often detections of a score are right."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import altair as alt
import msgspec
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.diagnosis.parts import by_group, diagnosed, framed, group_name, of_row
from dashboards.figures.diagnosis.score_bins import (
    COLUMNS,
    FEW,
    bin_lines,
    diagonal,
    dot_size,
    share_too_high,
    square,
    told_of_bin,
)
from dashboards.figures.diagnosis.told import line_below_title, told_by_group
from dashboards.figures.parts import row
from dashboards.look import GROUP_COLOURS, Look
from dashboards.sources.found import Row
from longtail.categories import FREQUENCY_GROUPS
from longtail.evaluation.diagnosis.calibration_error import ReliabilityBin
from longtail.metrics import UNDEFINED, points_text

TABLE, TOLD = "reliability", "reliability-told"
MIXED = 0.05
"""From such a share of the detections on it is said that some are too high, others too low."""


def reliability(rows: Sequence[Row], shown: int = -1) -> Figure:
    """The figure, a panel for each frequency group.

    Args:
        rows: Of a page; some have a diagnosis.
        shown: Number of the row that is drawn; a page changes it.
    """
    shown %= len(rows)
    return Figure(
        name="reliability",
        title="Do scores mean what they say?",
        text="Dots: judged detections of a tenth of the scores, larger where there are more, faint"
        f" under {FEW}. On the diagonal a score of 0.8 is right 8 times of 10; below it, scores"
        f" promise too much.{_sentence(rows[shown])}",
        panels=by_group(lambda letter: partial(_chart, letter, shown)),
        tables={TABLE: reliability_table(rows), TOLD: told_by_group(rows, _told)},
        broad=True,
        least_width=230,
    )


def reliability_table(rows: Sequence[Row]) -> pd.DataFrame:
    """A line for each row, group and bin of scores that holds a detection.

    Returns:
        `row` (its number), `group`, and the columns of `bin_lines`.
    """
    lines = [
        (number, letter, *line)
        for number, tree in diagnosed(rows)
        for letter in FREQUENCY_GROUPS
        for line in bin_lines(_bins(tree["calibration"][letter]))
    ]
    return pd.DataFrame(lines, columns=["row", "group", *COLUMNS])


def _bins(calibration: Mapping[str, Any]) -> list[ReliabilityBin]:
    return msgspec.convert(calibration["bins"], list[ReliabilityBin])


def _direction(calibration: Mapping[str, Any]) -> str:
    """In words; detections of both kinds are told apart, as dots above the diagonal may be few."""
    share = share_too_high(_bins(calibration))
    if MIXED < share < 1 - MIXED:
        return f"too high for {share:.0%} of the detections, too low for the others"
    return "too high" if share > MIXED else "too low"


def _told(tree: Mapping[str, Any], letter: str) -> str:
    calibration = tree["calibration"][letter]
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
    of_group = f"datum.group == '{letter}'"
    base, colour = of_row(TABLE, of_group), look[GROUP_COLOURS[letter]]
    x, y = square()
    gap = base.mark_rule(color=colour, strokeWidth=1.5, strokeOpacity=0.35, aria=False).encode(
        x="score:Q", y="score:Q", y2="precision:Q"
    )
    line = base.mark_line(color=colour, strokeWidth=2).encode(x=x, y=y)
    few = alt.when(f"datum.count < {FEW}").then(alt.value(0.3))
    dots = (
        base.mark_circle(color=colour, opacity=1)
        .encode(
            x=x,
            y=y,
            size=dot_size(320),
            fillOpacity=few.otherwise(alt.value(1)),
            tooltip=told_of_bin(),
        )
        .add_params(row(shown))
    )
    layers = alt.layer(diagonal(look), gap, line, dots, line_below_title(TOLD, look, of_group))
    return framed(layers, group_name(letter), width, 230, 120)
