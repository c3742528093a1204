"""The object sizes that a test scale is trusted with, and a check that none is left to nobody.

Sizes are side lengths: the square root of a box's area, in pixels of the original image. Source:
scale-adaptive merge of the LVIS challenge reports of 2020 (000, test-time modification 1; 002,
section 4.2): detections of large test images are kept for small objects only, and those of small
test images for large ones. The reports give no ranges.

D detections, K categories, M sources.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ValidArea:
    """Sides from `low` (with it) to `high` (without it), so that 0:64 and 64: share no box."""

    low: float = 0.0
    high: float = math.inf

    def __post_init__(self) -> None:
        if not 0 <= self.low < self.high:
            raise ValueError(
                f"valid_area {self.low:g}:{self.high:g}: expected 0 <= low < high, the square root "
                "of a box's area in pixels of the original image"
            )

    @classmethod
    def parse(cls, text: str) -> "ValidArea":
        """Read `low:high`; either may be left out.

        Raises:
            ValueError: The text has another form, or the range is empty.
        """
        low, colon, high = text.partition(":")
        try:
            bounds = float(low or 0), float(high or math.inf)
        except ValueError:
            colon = ""
        if not colon:
            raise ValueError(f"valid_area {text!r}: expected low:high, as in 0:512, 64: or :512")
        return cls(*bounds)

    def __str__(self) -> str:
        return f"{shortest(self.low)}:" + ("" if math.isinf(self.high) else shortest(self.high))

    @property
    def is_everything(self) -> bool:
        """Whether no size is left out."""
        return self.low == 0 and math.isinf(self.high)

    def holds(self, sides: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which sides lie within, same shape."""
        within: NDArray[np.bool_] = (sides >= self.low) & (sides < self.high)
        return within


EVERY_SIZE = ValidArea()


def shortest(value: float) -> str:
    """A number in the fewest characters that read back to it."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def box_sides(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """(D,) square root of the area of (D, 4) boxes x, y, width, height, in their unit."""
    sides: NDArray[np.float64] = np.sqrt(boxes[:, 2] * boxes[:, 3])
    return sides


def within_valid_areas(
    areas: Sequence[ValidArea], sources: NDArray[np.int64], boxes: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """(D,) whether the source of a detection is trusted with the size of its box.

    Args:
        areas: M valid areas.
        sources: (D,) index of the source.
        boxes: (D, 4) x, y, width, height in pixels of the original image.
    """
    fits = np.ones(len(boxes), np.bool_)
    if all(area.is_everything for area in areas):
        return fits
    sides = box_sides(boxes)
    for source, area in enumerate(areas):
        if not area.is_everything:
            fits &= (sources != source) | area.holds(sides)
    return fits


def check_coverage(
    areas: Sequence[ValidArea],
    trusted: NDArray[np.bool_],
    names: Sequence[str],
    categories: Sequence[str],
    longest: float,
) -> None:
    """Check that every object size of a category that any source may find is somebody's.

    Args:
        areas: M valid areas.
        trusted: (M, K) the categories that each source may find.
        names: M names of sources.
        categories: K names of categories.
        longest: The longest side that a box of these images can have.

    Raises:
        ValueError: A size is left out; the message names gap, categories and sources.
    """
    if all(area.is_everything for area in areas):
        return
    teams, members = np.unique(trusted.T, axis=0, return_inverse=True)
    for number, team in enumerate(teams):
        sources = np.flatnonzero(team).tolist()
        gap = first_gap([areas[source] for source in sources], longest)
        if not sources or gap is None:
            continue
        left_out = np.flatnonzero(members.ravel() == number)
        ranges = ", ".join(f"{names[i]} {areas[i]}" for i in sources)
        raise ValueError(
            f"valid_area: no source takes boxes with a side from {gap.low:g} to {gap.high:g} pixels"
            f" of {len(left_out)} categories ({categories[left_out[0]]}, ...); their sources are "
            f"{ranges}: widen one of these"
        )


def first_gap(areas: Sequence[ValidArea], longest: float) -> ValidArea | None:
    """The smallest sides, up to `longest`, that none of the areas holds; None without a gap."""
    reached = 0.0
    for area in sorted(areas, key=lambda area: area.low):
        if reached > longest:
            break
        if area.low > reached:
            return ValidArea(reached, area.low)
        reached = max(reached, area.high)
    return ValidArea(reached) if reached <= longest else None
