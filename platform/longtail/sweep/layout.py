"""Points that are known before a sweep runs; those that mean the same variant are laid out once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from longtail.config.meaning import meaning_of
from longtail.config.search_space import Point, SearchSpace
from longtail.config.variant import Variant

MOST_COUNTED = 4096
"""Larger finite spaces are not counted out: nobody runs so many trials."""


@dataclass(frozen=True)
class Layout:
    """Points by number, and how many others mean the same as one of them."""

    points: list[Point]
    num_alike: int


def key_of(space: SearchSpace, base: Variant, point: Point) -> str:
    """Equal for points that mean the same variant; those that break a rule are all different."""
    try:
        return meaning_of(space.at(base, point)).fingerprint()
    except ValueError:
        return repr(sorted(point.items()))


def lay_out(
    space: SearchSpace,
    base: Variant,
    algorithm: Literal["grid", "random"],
    number: int,
    seed: int,
) -> Layout:
    """The points of a grid, or so many random ones; of a finite space not more than it has.

    Args:
        space: What varies.
        base: What it varies.
        algorithm: How points are chosen.
        number: Random points that are wanted; a longer list begins with the shorter one.
        seed: Of random points.

    Raises:
        ValueError: A grid of a continuous dimension.
    """
    if algorithm == "grid":
        points = space.grid()
        kept = list(_once(space, base, points))
        return Layout(kept, len(points) - len(kept))
    for drawn in (number * 2**power for power in range(8)):
        points = space.random(drawn, seed)
        kept = list(_once(space, base, points))
        if len(kept) >= number or len(points) < drawn:
            break
    kept = kept[:number]
    return Layout(kept, points.index(kept[-1]) + 1 - len(kept))


def num_distinct(space: SearchSpace, base: Variant) -> int | None:
    """Points that mean different variants; None if a dimension is continuous."""
    size = space.size
    if size is None or size > MOST_COUNTED:
        return size
    return len(lay_out(space, base, "grid", size, 0).points)


def _once(space: SearchSpace, base: Variant, points: Iterable[Point]) -> Iterator[Point]:
    seen: set[str] = set()
    for point in points:
        key = key_of(space, base, point)
        if key not in seen:
            seen.add(key)
            yield point
