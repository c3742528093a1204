"""What several charts have in common: the colours of groups, axes of counts, what a page sets."""

import math

import altair as alt

from dashboards.look import GROUP_COLOURS, Look
from longtail.categories import GROUP_NAMES

POINTS = ".1f"
"""How axes and hover texts write AP."""
ZERO_AT = 0.5
"""Where a count of 0 stands on a logarithmic axis."""
COUNTS = "datum.value == 0 ? '0' : format(datum.value, '~s')"
"""How a linear axis writes counts, as `labelExpr`: 0, 500, 12k."""
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


def fitting(pixels: int) -> alt.ExprRef:
    """How many things of so many pixels have room: legends and ticks follow the width."""
    return alt.ExprRef(f"max(1, floor(width / {pixels}))")


def group_colour(look: Look, field: str = "group", legend: bool = True) -> alt.Color:
    """Rare, common and frequent, each in its colour, named in full."""
    label = f"{ {letter: name for letter, name in GROUP_NAMES.items()} }[datum.label]"
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(
            domain=list(GROUP_COLOURS), range=[look[name] for name in GROUP_COLOURS.values()]
        ),
        legend=alt.Legend(labelExpr=label) if legend else None,
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
