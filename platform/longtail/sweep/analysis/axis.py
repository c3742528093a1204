"""The values of a searched path on a line from 0 to 1, and in bins."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from longtail.config.search_space import Choice, Dimension, Integer, LogUniform
from longtail.sweep.analysis.ticks import linear_ticks, log_ticks

MOST_SINGLE = 8
"""Up to so many whole numbers each has a bin of its own."""


@dataclass(frozen=True)
class Bin:
    """A part of an axis.

    Attributes:
        name: The value, or the range of values.
        start: Where it begins, from 0 to 1.
        end: Where it ends, from 0 to 1.
    """

    name: str
    start: float
    end: float


@dataclass(frozen=True)
class Axis:
    """A searched path.

    Attributes:
        path: Whole dotted path.
        label: Its shortest end that is no other searched path's.
        dimension: The values that it may take.
        num_bins: Bins of a range; a choice has a bin for each value, and so has a short range of
            whole numbers.
    """

    path: str
    label: str
    dimension: Dimension
    num_bins: int

    @property
    def is_log(self) -> bool:
        """Whether equal ratios are equal lengths."""
        return isinstance(self.dimension, LogUniform)

    def position(self, value: Any) -> float | None:
        """Where a value lies; None outside of the searched values."""
        if isinstance(self.dimension, Choice):
            values = ordered(self.dimension.values)
            place = _index(value, values)
            return None if place is None else (place + 0.5) / len(values)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        if not self.dimension.low <= value <= self.dimension.high:
            return None
        low, high = self._ends
        return (self._scaled(value) - low) / (high - low)

    def bin_of(self, value: Any) -> int | None:
        """The index of the bin that holds a value; None outside of the searched values."""
        position = self.position(value)
        if position is None:
            return None
        inside = (place for place, part in enumerate(self.bins) if position < part.end)
        return next(inside, len(self.bins) - 1)

    @cached_property
    def bins(self) -> tuple[Bin, ...]:
        """The whole axis in parts."""
        if isinstance(self.dimension, Choice):
            number = len(self.dimension.values)
            names = [spelt_value(value) for value in ordered(self.dimension.values)]
            return tuple(Bin(n, i / number, (i + 1) / number) for i, n in enumerate(names))
        if isinstance(self.dimension, Integer):
            return tuple(self._whole_numbers(self.dimension))
        edges = [place / self.num_bins for place in range(self.num_bins + 1)]
        ends = [f"{self.value_at(edge):.3g}" for edge in edges]
        return tuple(
            Bin(f"{ends[i]} to {ends[i + 1]}", edges[i], edges[i + 1]) for i in range(self.num_bins)
        )

    def value_at(self, position: float) -> float:
        """The number at a place of a range."""
        low, high = self._ends
        scaled = low + position * (high - low)
        return 10**scaled if self.is_log else scaled

    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Places and texts that name values of the axis."""
        if isinstance(self.dimension, Choice):
            return tuple(((part.start + part.end) / 2, part.name) for part in self.bins)
        low, high = self.dimension.low, self.dimension.high
        if isinstance(self.dimension, LogUniform):
            values: Iterable[float] = log_ticks(low, high)
        else:
            values = linear_ticks(low, high)
        if isinstance(self.dimension, Integer):
            values = sorted({round(value) for value in values})
        places = ((self.position(value), value) for value in values)
        return tuple((place, f"{value:.6g}") for place, value in places if place is not None)

    def _whole_numbers(self, dimension: Integer) -> Iterable[Bin]:
        count = dimension.high - dimension.low + 1
        width = 1 if count <= MOST_SINGLE else math.ceil(count / self.num_bins)
        for first in range(dimension.low, dimension.high + 1, width):
            last = min(first + width - 1, dimension.high)
            name = str(first) if first == last else f"{first} to {last}"
            low, high = self._ends
            start, end = (first - 0.5 - low) / (high - low), (last + 0.5 - low) / (high - low)
            yield Bin(name, start, end)

    @cached_property
    def _ends(self) -> tuple[float, float]:
        """Of the line, in scaled numbers: whole numbers have half a unit of room on both sides."""
        assert not isinstance(self.dimension, Choice)
        room = 0.5 if isinstance(self.dimension, Integer) else 0.0
        return self._scaled(self.dimension.low) - room, self._scaled(self.dimension.high) + room

    def _scaled(self, value: float) -> float:
        return math.log10(value) if self.is_log else float(value)


def labels_of(paths: Iterable[str]) -> dict[str, str]:
    """The shortest end of each path that no other path ends in."""
    whole = list(paths)
    found = {}
    for path in whole:
        words = path.split(".")
        ends = (".".join(words[-count:]) for count in range(1, len(words) + 1))
        others = [other for other in whole if other != path]
        unique = (end for end in ends if not any(f".{o}".endswith(f".{end}") for o in others))
        found[path] = next(unique, path)
    return found


def ordered(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Values to choose from as an axis has them: none, then rising numbers, then all others.

    Words, and true and false, stay in the order in which they were given.
    """
    return tuple(sorted(values, key=_order))


def _order(value: Any) -> tuple[int, float]:
    if value is None:
        return 0, 0.0
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return (1, float(value)) if is_number else (2, 0.0)


def spelt_value(value: Any) -> str:
    """A searched value for people: words without quotation marks, else JSON; null is none, as
    the list of fields has it."""
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and "name" in value:
        return f"{value['name']} (not at its defaults)"
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)


def _index(value: Any, values: tuple[Any, ...]) -> int | None:
    """Where a value stands among others; 1 is not true."""
    same = (
        place
        for place, other in enumerate(values)
        if other == value and isinstance(other, bool) == isinstance(value, bool)
    )
    return next(same, None)
