"""AP of each source, and of what a merge makes of them step by step."""

import math
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from dashboards.figure import Chart, Figure, Width
from dashboards.figures.name_axis import name_axis
from dashboards.figures.parts import POINTS, axis_with_room
from dashboards.look import Look
from dashboards.measured import possible, told_of_ends
from longtail.categories import GROUP_NAMES
from longtail.metrics import GROUP_METRICS, KIND_NAMES, UNDEFINED
from longtail.results.points import points_or_nan

WORDS = {
    "union": "union",
    "calibration": "+ calibration",
    "fusion": "+ fusion",
    "masks": "+ final masks",
    "cap": "+ cap",
    "merged": "+ margins = merged",
}
"""What a step is called where the one before stands above it."""
TEXT = "A dot with its 95% interval; rings are sources alone, the dashed line is the best of them."
TEXT_OF_CHANGES = " The number is the change by the step, grey where its interval holds 0."
COLOURS = {"AP": "ink", "APr": "rare", "APc": "common", "APf": "frequent"}
CHANGE = "abs(datum.change) < 0.05 ? '0.0' : format(datum.change, '+.1f')"
ROW = 21
"""Pixels of a line."""
TEXT_PIXELS, TEXT_POINTS = 44, 32
"""Room for a change behind an interval, on a page and on paper."""


def steps(evaluation: Mapping[str, Any], suffix: str = "") -> Figure | None:
    """The figure; None where nothing is defined.

    Args:
        evaluation: The tree of a merge's `evaluation.json`.
        suffix: Of the names of this merge's figures.
    """
    table = step_table(evaluation)
    kind = kind_of(evaluation)
    shown = [
        metric for metric in GROUP_METRICS if table.value[table.metric == metric].notna().any()
    ]
    name = f"merge-steps{suffix}"
    if not shown:
        return None
    drawn = table[table.metric.isin(shown)].dropna(subset="value").reset_index(drop=True)
    names = list(dict.fromkeys(table.name))
    return Figure(
        name=name,
        title=f"{KIND_NAMES[kind].capitalize()} AP of each source and after each step",
        text=TEXT
        + (TEXT_OF_CHANGES if drawn.change.notna().any() else "")
        + told_of_ends([*drawn.low, *drawn.high]),
        panels=tuple(
            partial(_chart, name, metric, kind, names, _span(drawn[drawn.metric == metric]))
            for metric in shown
        ),
        tables={name: drawn},
        broad=True,
    )


def kind_of(evaluation: Mapping[str, Any]) -> str:
    """Whether masks were judged ("segm"), or only boxes."""
    has_masks = evaluation["steps"]["merged"]["segm"]["AP"] != UNDEFINED
    return "segm" if has_masks else "box"


def step_table(evaluation: Mapping[str, Any]) -> pd.DataFrame:
    """A line for each source and step, in this order, and each of the four metrics.

    Returns:
        `name`, `kind` (source, step), `metric`, then points, NaN where undefined or not known:
        `value` with `low` and `high`, at 0 or 100 where the interval goes on, and what the step
        changed, `change`, with `change_low` and `change_high`; `sure` is whether that interval
        leaves out 0.
    """
    kind = kind_of(evaluation)
    lines = [line for name, of in evaluation["sources"].items() for line in _lines(name, of, kind)]
    many = len(evaluation["steps"]) > 1
    for name, of in evaluation["steps"].items():
        word = WORDS.get(name, name) if many else name
        lines += [{**line, "kind": "step"} for line in _lines(word, of, kind)]
    return pd.DataFrame(lines)


def _lines(name: str, row: Mapping[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    intervals = row["intervals"].get(kind, {}).get("metrics", {})
    changes = row.get("change_intervals", {}) if kind == "segm" else {}
    for metric in GROUP_METRICS:
        low, high = map(possible, _ends(intervals.get(metric)))
        change_low, change_high = _ends(changes.get(metric))
        change = row.get("change", {}).get(metric) if kind == "segm" else None
        yield {
            "name": name,
            "kind": "source",
            "metric": metric,
            "value": points_or_nan(row[kind][metric]),
            "low": low,
            "high": high,
            # A difference of -1 is none: None says that it is undefined.
            "change": math.nan if change is None else 100 * change,
            "change_low": change_low,
            "change_high": change_high,
            "sure": change_low > 0 or change_high < 0,
        }


def _ends(interval: Mapping[str, Any] | None) -> tuple[float, float]:
    if interval is None or interval["standard_error"] == UNDEFINED:
        return math.nan, math.nan
    return 100 * interval["low"], 100 * interval["high"]


def _span(drawn: pd.DataFrame) -> tuple[float, float]:
    """What an axis shows: all intervals."""
    ends = drawn[["value", "low", "high"]]
    low, high = float(ends.min().min()), float(ends.max().max())
    room = 0.06 * max(high - low, 0.1)
    return possible(low - room), possible(high + room)


def _chart(
    table: str,
    metric: str,
    kind: str,
    names: list[str],
    span: tuple[float, float],
    look: Look,
    width: Width,
) -> Chart:
    base = alt.Chart(alt.NamedData(table)).transform_filter(f"datum.metric == '{metric}'")
    shown = name_axis(names, look, width)
    axis = alt.Axis(labelExpr=shown.label_expr, labelLimit=0, labelColor=look["ink"], grid=True)
    y = alt.Y("name:N", sort=None, title=None, scale=alt.Scale(domain=names), axis=axis)
    title = f"{KIND_NAMES[kind]} {metric} in points"
    x = axis_with_room(
        "value", title, span, shown.plot, TEXT_POINTS if look.on_paper else TEXT_PIXELS
    )
    colour, sources = look[COLOURS[metric]], "datum.kind == 'source'"
    best = base.transform_filter(sources).transform_aggregate(best="max(value)")
    line = best.mark_rule(color=look["muted"], strokeDash=[4, 3]).encode(x="best:Q")
    whisker = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=1.6)
    of_kind = alt.condition(sources, alt.value(look["grey"]), alt.value(colour))
    dots = base.mark_point(size=52, opacity=1, fillOpacity=1, strokeWidth=1.6).encode(
        y=y,
        x=x,
        fill=alt.condition(sources, alt.value(look["panel"]), alt.value(colour)),
        stroke=of_kind,
        tooltip=_tooltip(metric),
    )
    layers = alt.layer(
        line,
        whisker.encode(y=y, x="low:Q", x2="high:Q", color=of_kind),
        dots,
        _changes(base, y, look),
    )
    group = {"AP": "all categories"} | {f"AP{key}": word for key, word in GROUP_NAMES.items()}
    height = ROW * len(names)
    return layers.properties(width=shown.plot, height=height, title=f"{metric}: {group[metric]}")


def _changes(base: alt.Chart, y: alt.Y, look: Look) -> alt.Chart:
    """What each step changed, behind its interval."""
    sure = alt.condition("datum.sure", alt.value(look["ink"]), alt.value(look["grey"]))
    text: alt.Chart = (
        base.transform_filter("isValid(datum.change)")
        .transform_calculate(edge="isValid(datum.high) ? datum.high : datum.value", label=CHANGE)
        .mark_text(align="left", dx=7)
        .encode(y=y, x="edge:Q", text="label:N", color=sure)
    )
    return text


def _tooltip(metric: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title=" "),
        alt.Tooltip("value:Q", title=metric, format=POINTS),
        alt.Tooltip("low:Q", title="95% interval from", format=POINTS),
        alt.Tooltip("high:Q", title="to", format=POINTS),
        alt.Tooltip("change:Q", title="change by the step", format="+.2f"),
        alt.Tooltip("change_low:Q", title="its interval from", format="+.2f"),
        alt.Tooltip("change_high:Q", title="to", format="+.2f"),
    ]
