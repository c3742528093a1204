"""Bins of scores against how often their detections are right, in a square from 0 to 1."""

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from dashboards.look import Look
from longtail.evaluation.diagnosis.calibration_error import ReliabilityBin

COLUMNS = ["low", "count", "share", "score", "precision"]
FEW = 20
"""Bins of fewer detections are drawn faint: their precision says little."""


def bin_lines(bins: Sequence[ReliabilityBin]) -> Iterator[tuple[Any, ...]]:
    """The bins that hold a detection; of the others nothing is defined.

    Returns:
        `COLUMNS`: `low` end, `count` of detections, their `share` of all in the bins, their mean
        `score`, and their `precision`, fractions.
    """
    total = sum(of.count for of in bins)
    for of in bins:
        if of.count:
            share, score, precision = of.count / total, of.mean_score, of.precision
            yield of.low, of.count, round(share, 4), round(score, 4), round(precision, 4)


def share_too_high(bins: Sequence[ReliabilityBin]) -> float:
    """Of all detections, at least one, those in bins whose scores promise too much, a fraction."""
    total = sum(of.count for of in bins)
    return sum(of.count for of in bins if of.count and of.mean_score > of.precision) / total


def square() -> tuple[alt.X, alt.Y]:
    """Both axes."""
    unit = alt.Scale(domain=[0, 1])
    across = alt.Axis(title="mean score", tickCount=5, labelFlush=False)
    upright = alt.Axis(title="share that is right", tickCount=5, format="%")
    return (
        alt.X("score:Q", scale=unit, axis=across),
        alt.Y("precision:Q", scale=unit, axis=upright),
    )


def diagonal(look: Look) -> alt.Chart:
    """Where scores mean what they say."""
    ends = alt.InlineData(values=[{"score": 0, "precision": 0}, {"score": 1, "precision": 1}])
    x, y = square()
    line: alt.Chart = (
        alt.Chart(ends)
        .mark_line(color=look["muted"], strokeDash=[4, 4], strokeWidth=1)
        .encode(x=x, y=y)
    )
    return line


def dot_size(largest: int) -> alt.Size:
    """Area by a bin's share, up to so many square pixels for all detections."""
    scale = alt.Scale(domain=[0, 1], range=[14, largest])
    return alt.Size("share:Q", scale=scale, legend=None)


def told_of_bin() -> list[alt.Tooltip]:
    """What a dot says when it is pointed at."""
    return [
        alt.Tooltip("count:Q", title="detections", format=","),
        alt.Tooltip("score:Q", title="mean score", format=".3f"),
        alt.Tooltip("precision:Q", title="are right", format=".1%"),
    ]
