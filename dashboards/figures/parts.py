"""What several charts have in common: the colours of groups, axes of counts, what a page sets."""

import math
from collections.abc import Mapping, Sequence

import altair as alt

from dashboards.figure import Width
from dashboards.look import GROUP_COLOURS, PAGE, PAPER, Look
from longtail.categories import GROUP_NAMES

POINTS = ".1f"
"""How axes and hover texts write AP."""
ZERO_AT = 0.5
"""Where a count of 0 stands on a logarithmic axis."""
LEAST_PLOT, TICK_PIXELS = 40, 50
"""Pixels of a plot beside numbers, at least, and of an axis's tick with its label."""
COUNTS = "datum.value % 1 ? '' : datum.value == 0 ? '0' : format(datum.value, '~s')"
"""How a linear axis writes counts, as `labelExpr`: 0, 500, 12k, and nothing between two of them."""
FOUND = "query != '' && indexof(lower(datum.name), query) >= 0"
"""Whether a category is searched for; its chart takes `QUERY`."""


def query() -> alt.Parameter:
    """What is typed in the page's search, in small letters."""
    return alt.param(name="query", value="")


def chosen() -> alt.Parameter:
    """The id of the category that was clicked."""
    return alt.param(name="chosen", value=-1)


def row(number: int) -> alt.Parameter:
    """The number of the row that is shown."""
    return alt.param(name="row", value=number)


def against(number: int) -> alt.Parameter:
    """The number of the row that it is compared with."""
    return alt.param(name="against", value=number)


def fitting(pixels: int, width: Width) -> int | alt.ExprRef:
    """How many things have room: legends and ticks follow the width.

    Args:
        pixels: Of each on a page.
        width: Of the panel; on paper, where type is smaller, more have room.
    """
    if width == "container":
        return alt.ExprRef(f"max(1, floor(width / {pixels}))")
    return max(1, round(width * PAGE.size / PAPER.size) // pixels)


def colour_scale(look: Look, colours: Mapping[str, str]) -> alt.Scale:
    """Values in their order, each in a colour of the look, by the colour's name."""
    return alt.Scale(domain=list(colours), range=[look[name] for name in colours.values()])


def group_colour(look: Look, columns: int | alt.ExprRef = 3) -> alt.Color:
    """Rare, common and frequent, each in its colour, named in full.

    Args:
        look: Has the colours.
        columns: Of the legend.
    """
    label = f"{ {letter: name for letter, name in GROUP_NAMES.items()} }[datum.label]"
    return alt.Color(
        "group:N",
        scale=colour_scale(look, GROUP_COLOURS),
        legend=alt.Legend(labelExpr=label, columns=columns),
    )


def count_height(field: str, title: str, most: float) -> alt.Y:
    """The same upwards, from 0, which stands at a half, to the power of ten over the most."""
    top = 10 ** max(1, math.ceil(math.log10(max(most, 1))))
    ticks = [ZERO_AT, *(10**power for power in range(12) if 10**power <= top)]
    return alt.Y(
        f"{field}:Q",
        scale=alt.Scale(type="log", domain=[ZERO_AT, top], nice=False),
        axis=alt.Axis(
            values=ticks,
            labelExpr=f"datum.value == {ZERO_AT} ? '0' : format(datum.value, '~s')",
            title=title,
        ),
    )


def count_axis(field: str, title: str, low: float, high: float) -> alt.X:
    """A logarithmic axis of counts that names powers of ten; 0 stands at `ZERO_AT`."""
    ticks = [10.0**power for power in range(12) if low <= 10**power <= high]
    if low <= ZERO_AT:
        ticks.insert(0, ZERO_AT)
    return alt.X(
        f"{field}:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=alt.Axis(
            values=ticks,
            title=title,
            labelExpr=f"datum.value == {ZERO_AT} ? '0' : format(datum.value, '~s')",
        ),
    )


def axis_with_room(
    field: str, title: str, domain: Sequence[float], width: Width, room: int
) -> alt.X:
    """A linear axis that leaves some pixels at its right end to numbers.

    Args:
        field: The column.
        title: Of the axis, with its unit.
        domain: Its ends.
        width: Of the panel.
        room: In pixels.
    """
    ticks: int | alt.ExprRef = (
        alt.ExprRef(f"max(2, floor(width / {TICK_PIXELS}))")
        if width == "container"
        else max(2, width // TICK_PIXELS)
    )
    ends = range_with_room(width, room)
    scale = alt.Scale(domain=list(domain), nice=False, zero=False, range=ends)
    return alt.X(f"{field}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=ticks))


def range_with_room(width: Width, room: int) -> list[int | alt.ExprRef]:
    """Both ends of such an axis in pixels."""
    if width == "container":
        return [0, alt.ExprRef(f"max({LEAST_PLOT}, width - {room})")]
    return [0, max(LEAST_PLOT, width - room)]
