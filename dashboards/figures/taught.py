"""What classifiers were taught: positives and valid negatives of each category (003, Fig. 1).

A panel for each training, before and after a change such as the equalization loss; categories from
the most frequent to the rarest. A negative is valid if the loss did not mask it.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.name_axis import name_title
from dashboards.figures.parts import FOUND, ZERO_AT, count_height, fitting, query
from dashboards.look import Look
from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES
from longtail.training.telemetry_files import TrainingTelemetry

SERIES = {
    "foreground": ("negatives of other categories, valid or masked", "grey"),
    "valid_foreground": ("valid ones of these", "rare"),
    "valid_background": ("valid negatives of the background", "frequent"),
    "positives": ("positives", "common"),
}
"""What is drawn and in which colour, by the table's columns."""
CEILING = "foreground"
"""The one that is a line: nearly the same for all categories."""
ROOM_FOR_A_NAME = 0.2
"""Share of the categories below which a group is called by its letter."""
MANY_CATEGORIES = 150
"""More of them are drawn as smaller dots."""


def taught(
    trainings: Mapping[str, TrainingTelemetry], names: Mapping[int, str] | None = None
) -> Figure:
    """The figure, a panel for each training under its name; all have the same vertical axis.

    Args:
        trainings: At least one.
        names: Of categories by id, where they are known; the search finds them.
    """
    tables = {
        f"taught-{number}": taught_table(training, names or {})
        for number, training in enumerate(trainings.values())
    }
    most = max(_largest(training) for training in trainings.values())
    panels: list[Draw] = [
        partial(_chart, table, name, [*trainings], training, most)
        for table, (name, training) in zip(tables, trainings.items(), strict=True)
    ]
    return Figure(
        name="taught",
        title="What classifiers were taught",
        text="Regions that each category learned from. A negative is valid if the loss did not"
        " mask it; a category without positives or without valid negatives stands at 0.",
        panels=tuple(panels),
        tables=tables,
        broad=True,
        least_width=360,
    )


def taught_table(training: TrainingTelemetry, names: Mapping[int, str]) -> pd.DataFrame:
    """A line for each category, from the most frequent to the rarest.

    Returns:
        `name`, `images` of training, then regions: `positives`, valid negatives of other categories
        (`valid_foreground`) and of the background (`valid_background`).
    """
    order, window = _order(training), training.window
    return pd.DataFrame(
        {
            "name": [names.get(i, f"category {i}") for i in training.category_ids[order].tolist()],
            "images": training.image_count[order],
            "positives": window.positives[order],
            "valid_foreground": window.valid_foreground_negatives[order],
            "valid_background": window.valid_background_negatives[order],
        }
    )


def positives_per_negative(training: TrainingTelemetry) -> dict[str, float]:
    """By group, its positives over its valid negatives of other categories; NaN without these."""
    ratios = {}
    for letter in FREQUENCY_GROUPS:
        of_group = training.frequency == letter
        negatives = int(training.window.valid_foreground_negatives[of_group].sum())
        positives = int(training.window.positives[of_group].sum())
        ratios[letter] = positives / negatives if negatives else float("nan")
    return ratios


def _order(training: TrainingTelemetry) -> NDArray[np.int64]:
    """By falling images; these order the groups as well."""
    return np.lexsort((training.category_ids, -training.image_count))


def _largest(training: TrainingTelemetry) -> int:
    window = training.window
    counts = window.positives, window.foreground_negatives, window.valid_background_negatives
    return max(int(of.max()) for of in counts)


def _chart(
    table: str,
    name: str,
    names: list[str],
    training: TrainingTelemetry,
    most: int,
    look: Look,
    width: Width,
) -> Chart:
    height = 300 if width == "container" else 180
    x = alt.X(
        "middle:Q",
        scale=alt.Scale(domain=[0, len(training.category_ids)], nice=False),
        axis=alt.Axis(
            labels=False,
            grid=False,
            title="categories, from most to fewest training images",
            titlePadding=26,
        ),
    )
    y = count_height("height", "regions of the training", most)
    spans = alt.Chart(alt.InlineData(values=_spans(training)))
    rules = spans.mark_rule(color=look["muted"], strokeWidth=2).encode(
        x="from:Q", x2="to:Q", y=alt.value(height + 8)
    )
    words = spans.mark_text(color=look["muted"], baseline="top").encode(
        x="middle:Q", y=alt.value(height + 13), text="name:N"
    )
    title = alt.TitleParams(
        name_title(name, names, look, width),
        subtitle=_summary(training),
        subtitleColor=look["muted"],
        subtitleFontSize=look.size,
    )
    layers = alt.layer(*_counts(table, name, training, x, y, look, width), rules, words)
    return layers.properties(width=width, height=height, title=title)


def _counts(
    table: str,
    name: str,
    training: TrainingTelemetry,
    x: alt.X,
    y: alt.Y,
    look: Look,
    width: Width,
) -> tuple[alt.Chart, alt.Chart]:
    """The line of what there is to learn from, and dots of what was learned."""
    columns = {column: label for column, (label, _) in SERIES.items()}
    folded = (
        alt.Chart(alt.NamedData(table))
        .transform_window(number="row_number()")
        .transform_calculate(
            foreground=f"{training.window.foreground_rois} - datum.positives",
            training=json.dumps(name),
        )
        .transform_fold(list(SERIES), as_=["column", "regions"])
        .transform_calculate(
            of=f"{columns}[datum.column]",
            middle="datum.number - 0.5",
            height=f"max(datum.regions, {ZERO_AT})",
        )
    )
    colours = [look[word] for _, word in SERIES.values()]
    colour = alt.Color(
        "of:N",
        scale=alt.Scale(domain=list(columns.values()), range=colours),
        legend=alt.Legend(columns=fitting(270, width), labelLimit=280),
    )
    ceiling = (
        folded.transform_filter(f"datum.column == '{CEILING}'")
        .mark_line(strokeWidth=2.5, aria=False)
        .encode(x=x, y=y, color=colour)
    )
    size = 9 if len(training.category_ids) > MANY_CATEGORIES else 24
    found = alt.when(FOUND).then(alt.value(1)).when("query != ''").then(alt.value(0.06))
    dots = (
        folded.transform_filter(f"datum.column != '{CEILING}'")
        .mark_circle(size=size, opacity=1, aria=False)
        .encode(
            x=x,
            y=y,
            color=colour,
            fillOpacity=found.otherwise(alt.value(1)),
            tooltip=[
                alt.Tooltip("name:N", title="category"),
                alt.Tooltip("images:Q", title="training images", format=","),
                alt.Tooltip("of:N", title="shown"),
                alt.Tooltip("regions:Q", title="regions", format=","),
                alt.Tooltip("training:N"),
            ],
        )
        .add_params(query())
    )
    return ceiling, dots


def _spans(training: TrainingTelemetry) -> list[dict[str, Any]]:
    """Where each group begins and ends."""
    letters = training.frequency[_order(training)]
    spans = []
    for letter in FREQUENCY_GROUPS:
        places = np.flatnonzero(letters == letter)
        if not len(places):
            continue
        first, after = int(places[0]), int(places[-1]) + 1
        has_room = after - first > ROOM_FOR_A_NAME * len(letters)
        name = f"{GROUP_NAMES[letter]} ({len(places)})" if has_room else letter
        gap = 0.004 * len(letters)
        spans.append(
            {"from": first + gap, "to": after - gap, "middle": (first + after) / 2, "name": name}
        )
    return spans


def _summary(training: TrainingTelemetry) -> list[str]:
    ratios = {
        letter: "none" if np.isnan(ratio) else f"{ratio:.2g}"
        for letter, ratio in positives_per_negative(training).items()
    }
    steps = f"steps {training.first_step + 1} to {training.last_step}"
    of_groups = ", ".join(f"{letter} {ratios[letter]}" for letter in reversed(FREQUENCY_GROUPS))
    return [
        f"{steps}, {training.window.rois:,} regions",
        f"positives per valid negative: {of_groups}",
    ]
