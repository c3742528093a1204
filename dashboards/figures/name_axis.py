"""A vertical axis of names: as wide as they are, up to what leaves room for the plot.

A name that is too long lacks its middle, or what it has in common with others, and differs from
them still; hover texts and tables have it whole.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import altair as alt

from dashboards.figure import PANEL_FRAME, Width
from dashboards.figures.names import pixels_of, short_names, words_for
from dashboards.figures.parts import fitting
from dashboards.look import Look

WIDE_FROM = 620
"""Pixels of a page's panel, with its axis, from which names have more room."""
ROOM, WIDE_ROOM = 150, 290
"""Pixels of names, at most, on a page."""
SHARE = 0.46
"""Of a panel on paper, at most."""
BESIDE = 14
"""Pixels between names and plot, and what the last tick's label takes."""
LEAST_LETTERS, LEAST_PLOT = 8, 40
TITLE, TITLE_ROOM = 1.16, 330
"""How much larger a title is than a label of as many letters, and its pixels on a narrow page."""


@dataclass(frozen=True)
class NameAxis:
    """Names that fit.

    Attributes:
        label_expr: Of the axis, which has no limit of its own.
        plot: What is left for the plot: its width.
        room: Pixels of the plot on a page, in Vega's words.
    """

    label_expr: str
    plot: Width
    room: str = ""

    def fitting(self, pixels: int) -> int | alt.ExprRef:
        """How many things of so many pixels on a page have room over the plot.

        By the panel's width: that of the plot is known too late to a legend.
        """
        if self.plot != "container":
            return fitting(pixels, self.plot)
        return alt.ExprRef(f"max(1, floor(({self.room}) / {pixels}))")


def name_axis(
    names: Sequence[str], look: Look, width: Width, ends: Sequence[str] = ("",)
) -> NameAxis:
    """How names are shown beside a plot.

    Args:
        names: May repeat.
        look: Where they are seen.
        width: Of the panel without a frame, as a figure's panel is asked for.
        ends: What labels have behind a name, such as ", rare"; it is never cut.
    """
    unique = list(dict.fromkeys(names))
    if width != "container":
        labels = _labels(unique, ends, SHARE * (width + PANEL_FRAME), look)
        left = round(width + PANEL_FRAME - BESIDE - _longest(labels.values(), look))
        plot = max(LEAST_PLOT, min(width, left))
        return NameAxis(words_for(labels), plot)
    # The width of the plot follows from that of the labels: what is asked for is the panel's, and
    # again whenever the plot's changes.
    panel, again = "containerSize()[0]", "width >= 0"
    is_wide = f"{again} && {panel} >= {WIDE_FROM}"
    narrow, wide = (_labels(unique, ends, room, look) for room in (ROOM, WIDE_ROOM))
    few, many = (round(_longest(of.values(), look)) + BESIDE for of in (narrow, wide))
    room = f"{panel} - ({is_wide} ? {many} : {few})"
    if narrow == wide:
        return NameAxis(words_for(narrow), width, room)
    return NameAxis(f"{is_wide} ? {words_for(wide)} : {words_for(narrow)}", width, room)


def name_title(
    name: str,
    names: Sequence[str],
    look: Look,
    width: Width,
    room: int = TITLE_ROOM,
    frame: int = PANEL_FRAME,
) -> str | alt.ExprRef:
    """A name as the title of its panel, told apart from those of the other panels.

    Args:
        name: One of them.
        names: Different ones.
        look: Where they are seen.
        width: Of the plot.
        room: Pixels of a title on a narrow panel of a page.
        frame: Pixels by which a title may be longer than the plot on paper.
    """
    place, size = names.index(name), look.size * TITLE
    if width != "container":
        return _shortened(names, width + frame, size)[place]
    narrow, wide = (_shortened(names, of, size)[place] for of in (room, WIDE_FROM))
    if narrow == wide:
        return narrow
    is_wide = f"width >= 0 && containerSize()[0] >= {WIDE_FROM}"
    return alt.ExprRef(f"{is_wide} ? {json.dumps(wide)} : {json.dumps(narrow)}")


def _labels(names: list[str], ends: Sequence[str], room: float, look: Look) -> dict[str, str]:
    """What is shown of each name with each end, in so many pixels."""
    shortened = _shortened(names, room - _longest(ends, look), look.size)
    return {
        f"{name}{end}": f"{short}{end}"
        for name, short in zip(names, shortened, strict=True)
        for end in ends
    }


def _shortened(names: Sequence[str], room: float, size: float) -> list[str]:
    """Names that have room; the sign for what was cut is as wide as its type is high."""
    if max(pixels_of(name, size) for name in names) <= room:
        return list(names)
    letter = max(pixels_of(name, size) / len(name) for name in names if name)
    return short_names(names, max(LEAST_LETTERS, int((room - size) / letter)))


def _longest(texts: Iterable[str], look: Look) -> float:
    return max(pixels_of(text, look.size) for text in texts)
