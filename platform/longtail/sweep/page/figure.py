"""What the figures of a sweep share: a frame with axes, as elements of an inline SVG.

Colours are classes and variables of the page that holds the figure, so that they follow its light
or dark scheme.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from longtail.sweep.analysis.ticks import linear_ticks

CHARACTER = 6.6
"""Pixels of a character of an axis, about."""
LONGEST_TURNED = 20
Ticks = Sequence[tuple[float, str]]
"""Places from 0 to 1, and their texts."""


@dataclass(frozen=True)
class Frame:
    """The area between the axes of a figure, in pixels; places in it go from 0 to 1."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int

    def x(self, share: float) -> float:
        """From left to right."""
        return self.left + share * (self.width - self.left - self.right)

    def y(self, share: float) -> float:
        """From bottom to top."""
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)


@dataclass(frozen=True)
class ValueAxis:
    """A metric on a line from 0 to 1; its ends are fractions."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Where a value lies."""
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> Ticks:
        """Round numbers of points."""
        values = linear_ticks(100 * self.low, 100 * self.high)
        return [(self.share(value / 100), f"{value:g}") for value in values]


def value_axis(values: Iterable[float]) -> ValueAxis:
    """An axis that holds values, with room around them."""
    held = list(values) or [0.0, 1.0]
    low, high = min(held), max(held)
    room = max(0.08 * (high - low), 0.005)
    return ValueAxis(max(low - room, 0.0), high + room)


def bottom_margin(ticks: Ticks, width: float) -> int:
    """Pixels that the texts of a horizontal axis need below it."""
    if not _needs_turning(ticks, _room([share * width for share, _ in ticks])):
        return 34
    longest = max(min(len(text), LONGEST_TURNED) for _, text in ticks)
    return 26 + math.ceil(0.53 * CHARACTER * longest)


def svg(frame: Frame, name: str, title: str, description: str, elements: Iterable[str]) -> str:
    """The figure.

    Args:
        frame: Its size.
        name: Letters, digits and hyphens that no other figure of the page has.
        title: What it shows, for screen readers.
        description: What is to be seen, for screen readers.
        elements: What is drawn.
    """
    label = f'role="img" aria-labelledby="{name}-title {name}-text"'
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {label}'
        f' viewBox="0 0 {frame.width} {frame.height}" style="max-width:{frame.width}px">'
    )
    about = (
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-text">{escape(description)}</desc>'
    )
    return "\n".join((opening, about, *elements, "</svg>"))


def horizontal_axis(frame: Frame, ticks: Ticks, lines: bool = True) -> Iterator[str]:
    """Lines and texts below; texts without room beside each other are turned, long ones cut."""
    places = [frame.x(share) for share, _ in ticks]
    turned = _needs_turning(ticks, _room(places))
    below = frame.y(0)
    for x, (_, text) in zip(places, ticks, strict=True):
        if lines:
            yield f'<path class="grid" d="M{x:.1f} {frame.top}V{below:.1f}"/>'
        if turned:
            turn = f'transform="translate({x + 4:.1f} {below + 14:.1f}) rotate(-32)"'
            longest = min(LONGEST_TURNED, int(x / (0.85 * CHARACTER)))
            yield f'<text {turn} text-anchor="end">{cut(text, longest)}</text>'
        else:
            yield f'<text x="{x:.1f}" y="{below + 18:.1f}" text-anchor="middle">{cut(text)}</text>'


def vertical_axis(
    frame: Frame, ticks: Ticks, longest: int = 12, lines: bool = True
) -> Iterator[str]:
    """Lines and texts to the left."""
    for share, text in ticks:
        y = frame.y(share)
        if lines:
            yield f'<path class="grid" d="M{frame.left} {y:.1f}H{frame.width - frame.right}"/>'
        place = f'x="{frame.left - 8}" y="{y + 4:.1f}" text-anchor="end"'
        yield f"<text {place}>{cut(text, longest)}</text>"


def cut(text: str, longest: int = 40) -> str:
    """A text for SVG; a long one keeps its ends, and shows all of itself on hovering."""
    if len(text) <= longest:
        return escape(text)
    head = (longest - 1) // 2
    tail = longest - 1 - head
    return f"{escape(text[:head])}\u2026{escape(text[-tail:])}<title>{escape(text)}</title>"


def dot(x: float, y: float, look: str, hover: str, radius: float = 4.5) -> str:
    """A dot of a class, with a text on hovering."""
    place = f'cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"'
    return f'<circle class="{look}" {place}><title>{escape(hover)}</title></circle>'


def _room(places: Sequence[float]) -> float:
    return min((b - a for a, b in pairwise(places)), default=math.inf)


def _needs_turning(ticks: Ticks, room: float) -> bool:
    return any(CHARACTER * len(text) + 6 > room for _, text in ticks)
