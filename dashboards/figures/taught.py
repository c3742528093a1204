"""What classifiers were taught: positives and valid negatives of each category (003, Fig. 1).

A panel for each training, before and after a change such as the equalization loss; categories from
the most frequent to the rarest. A negative is valid if the loss did not mask it.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from dashboards.figure import Chart, Draw, Figure, Width
from dashboards.figures.parts import FOUND, ZERO_AT, count_height, fitting, query
from dashboards.look import Look
from longtail.categories import FREQUENCY_GROUPS, GROUP_NAMES
from longtail.training.telemetry_files import TrainingTelemetry

TABLE = "taught"
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
    table = taught_table(trainings, names or {})
    most = int(table[list(SERIES)].to_numpy().max())
    panels: list[Draw] = [
        partial(_chart, number, name, training, most)
        for number, (name, training) in enumerate(trainings.items())
    ]
    return Figure(
        name="taught",
        title="What classifiers were taught",
        text="Regions that each category learned from. A negative is valid if the loss did not"
        " mask it; a category without positives or without valid negatives stands at 0.",
        panels=tuple(panels),
        tables={TABLE: table},
        broad=True,
        least_width=360,
    )


def taught_table(
    trainings: Mapping[str, TrainingTelemetry], names: Mapping[int, str]
) -> pd.DataFrame:
    """A line for each category of each training, from the most frequent to the rarest.

    Returns:
        `training` (its number), `place` from 0, `id`, `name`, `group` (r, c, f), `images` of
        training, then regions: `positives`, `valid_foreground` and `foreground` negatives, and
        `valid_background` negatives.
    """
    frames = []
    for number, training in enumerate(trainings.values()):
        window = training.window
        order = np.lexsort((training.category_ids, -training.image_count))
        frame = pd.DataFrame(
            {
                "training": number,
                "id": training.category_ids,
                "group": training.frequency.astype(object),
                "images": training.image_count,
                "positives": window.positives,
                "valid_foreground": window.valid_foreground_negatives,
                "foreground": window.foreground_negatives,
                "valid_background": window.valid_background_negatives,
            }
        ).iloc[order]
        frame.insert(1, "place", np.arange(len(frame)))
        frame.insert(3, "name", [names.get(i, f"category {i}") for i in frame["id"].tolist()])
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def positives_per_negative(training: TrainingTelemetry) -> dict[str, float]:
    """By group, its positives over its valid negatives of other categories; NaN without these."""
    ratios = {}
    for letter in FREQUENCY_GROUPS:
        of_group = training.frequency == letter
        negatives = int(training.window.valid_foreground_negatives[of_group].sum())
        positives = int(training.window.positives[of_group].sum())
        ratios[letter] = positives / negatives if negatives else float("nan")
    return ratios


def _chart(
    number: int, name: str, training: TrainingTelemetry, most: int, look: Look, width: Width
) -> Chart:
    num = len(training.category_ids)
    of_training = f"datum.training == {number}"
    base = alt.Chart(alt.NamedData(TABLE)).transform_filter(of_training)
    height = 300 if width == "container" else 180
    labels = [label for label, _ in SERIES.values()]
    names = {column: label for column, (label, _) in SERIES.items()}
    x = alt.X(
        "middle:Q",
        scale=alt.Scale(domain=[0, num], nice=False),
        axis=alt.Axis(
            labels=False,
            grid=False,
            title="categories, from most to fewest training images",
            titlePadding=26,
        ),
    )
    colour = alt.Color(
        "of:N",
        scale=alt.Scale(domain=labels, range=[look[word] for _, word in SERIES.values()]),
        legend=alt.Legend(columns=1 if look.on_paper else fitting(270), labelLimit=280),
    )
    folded = base.transform_fold(list(SERIES), as_=["column", "regions"]).transform_calculate(
        of=f"{names}[datum.column]",
        middle="datum.place + 0.5",
        height=f"max(datum.regions, {ZERO_AT})",
    )
    y = count_height("height", "regions of the training", most)
    ceiling = (
        folded.transform_filter(f"datum.column == '{CEILING}'")
        .mark_line(strokeWidth=2.5, aria=False)
        .encode(x=x, y=y, color=colour)
    )
    dots = (
        folded.transform_filter(f"datum.column != '{CEILING}'")
        .mark_circle(size=9 if num > MANY_CATEGORIES else 24, opacity=1, aria=False)
        .encode(
            x=x,
            y=y,
            color=colour,
            fillOpacity=alt.when(FOUND)
            .then(alt.value(1))
            .when("query != ''")
            .then(alt.value(0.06))
            .otherwise(alt.value(1)),
            tooltip=[
                alt.Tooltip("name:N", title="category"),
                alt.Tooltip("images:Q", title="training images", format=","),
                alt.Tooltip("of:N", title="shown"),
                alt.Tooltip("regions:Q", title="regions", format=","),
            ],
        )
        .add_params(query())
    )
    spans = alt.Chart(alt.InlineData(values=_spans(training)))
    rules = spans.mark_rule(color=look["muted"], strokeWidth=2).encode(
        x="from:Q", x2="to:Q", y=alt.value(height + 8)
    )
    words = spans.mark_text(color=look["muted"], baseline="top").encode(
        x="middle:Q", y=alt.value(height + 13), text="name:N"
    )
    title = alt.TitleParams(
        name,
        subtitle=_summary(training),
        subtitleColor=look["muted"],
        subtitleFontSize=look.size,
        limit=alt.ExprRef("width + 50") if width == "container" else width + 60,
    )
    layers = alt.layer(ceiling, dots, rules, words)
    return layers.properties(width=width, height=height, title=title)


def _spans(training: TrainingTelemetry) -> list[dict[str, Any]]:
    """Where each group begins and ends; the counts that order the categories order the groups."""
    order = np.lexsort((training.category_ids, -training.image_count))
    letters = training.frequency[order]
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
