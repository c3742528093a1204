"""A number of a table that brings along what bounds it."""

import math
from collections.abc import Iterable, Mapping
from html import escape
from types import MappingProxyType

ENDS = " Intervals end where AP does, at 0 and 100."
"""What is said where one would go on."""
NOTHING: Mapping[str, float] = MappingProxyType({})


class Measured(float):
    """A number with its interval or spread; it is sorted, and the best, as the number is.

    Attributes:
        below: Shown below it, small: "32.1 to 34.0"; where it is NaN, shown instead of it.
        verdict: A word before it: "better", "worse", "not sure" or "the same".
        more: Numbers that a file has in columns of their own, by what is put behind the name.
    """

    below: str
    verdict: str
    more: Mapping[str, float]

    def __new__(
        cls, value: float, below: str = "", verdict: str = "", more: Mapping[str, float] = NOTHING
    ) -> "Measured":
        """See the attributes."""
        made = super().__new__(cls, value)
        made.below, made.verdict, made.more = below, verdict, more
        return made

    def html(self, text: str) -> str:
        """Of a cell, around the number's own text."""
        word = self.verdict
        before = f'<span class="{escape(word.replace(" ", "-"))}">{escape(word)}</span> '
        after = f" <small>{escape(self.below)}</small>"
        return f"{before if word else ''}{text}{after if self.below else ''}"

    def columns(self) -> dict[str, float | str]:
        """Of a file: the number, and what bounds it, by what is put behind the column's name."""
        more: dict[str, float | str] = {f"_{name}": value for name, value in self.more.items()}
        return {"": self, **more, **({"_verdict": self.verdict} if self.verdict else {})}

    def beside(self) -> str:
        """What stands beside the number where there is room for a line only."""
        return ", ".join(word for word in (self.below, self.verdict) if word)


def possible(points: float) -> float:
    """The nearest AP in points that there is; NaN stays.

    Ends of intervals are moved by the bias of resamples, or follow from a normal distribution, and
    may lie beyond 0 and 100: files have them as they are, and nobody is shown an AP below 0.
    """
    return points if math.isnan(points) else min(max(points, 0.0), 100.0)


def told_of_ends(ends: Iterable[float]) -> str:
    """A sentence for what is drawn of intervals, "" where none reaches an end of AP."""
    return ENDS if {0.0, 100.0} & {*ends} else ""


def ap_span(low: float, high: float) -> str:
    """Both ends of an interval of AP, given as fractions, in points that are possible."""
    return f"{possible(100 * low):.2f} to {possible(100 * high):.2f}"
