"""Words on a thumbnail, each beside what it names and, where there is room, beside the others."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from PIL import ImageDraw, ImageFont

from dashboards.pictures.outlines import Colour

SIZE = 11
DARK: Colour = (18, 23, 28)
LITTLE = 0.1
"""Of a mark's box, which may be covered."""
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the thumbnail."""


class Labels:
    """Writes on one thumbnail, and remembers where it wrote."""

    def __init__(
        self, draw: ImageDraw.ImageDraw, size: tuple[int, int], marked: Sequence[Box]
    ) -> None:
        """Args:
        draw: Of the thumbnail.
        size: Its width and height.
        marked: What had better be seen.
        """
        self._draw, self._size, self._marked = draw, size, marked
        self._taken: list[Box] = []

    def write(self, text: str, beside: Box, colour: Colour) -> None:
        """Write dark letters on a coloured ground.

        Args:
            text: A word and a number.
            beside: What it names.
            colour: Of the ground.
        """
        font = _font()
        width = self._draw.textlength(text, font=font) + 6
        height = SIZE + 3.0
        place = self._place(beside, width, height)
        self._taken.append(place)
        self._draw.rectangle(place, fill=colour)
        self._draw.text((place[0] + 3, place[1] + height / 2), text, DARK, font, anchor="lm")

    def _place(self, beside: Box, width: float, height: float) -> Box:
        left, top, right, bottom = beside
        xs = left, right - width, (left + right - width) / 2
        ys = top - height - 2, top + 2, bottom - height - 2, bottom + 2, (top + bottom - height) / 2
        near = [self._inside(x, y, width, height) for x in xs for y in ys]
        far = [
            self._inside(left, y, width, height) for y in range(0, self._size[1], int(height) + 1)
        ]
        return min((*near, *far), key=lambda place: self._cost(place, beside))

    def _inside(self, x: float, y: float, width: float, height: float) -> Box:
        x = round(max(0.0, min(x, self._size[0] - 1 - width)))
        y = round(max(0.0, min(y, self._size[1] - 1 - height)))
        return x, y, x + width, y + height

    def _cost(self, place: Box, beside: Box) -> tuple[float, float]:
        """Pixels of other words that it would cover; what is marked that it covers, and its way."""
        words = sum(_common(place, other) for other in self._taken)
        shares = (_common(place, other) / _common(other, other) for other in self._marked)
        covered = sum(max(0.0, share - LITTLE) for share in shares)
        away = max(0.0, beside[1] - place[3], place[1] - beside[3]) / self._size[1]
        return words, covered + away


def _common(a: Box, b: Box) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0]) + 1
    height = min(a[3], b[3]) - max(a[1], b[1]) + 1
    return max(0.0, width) * max(0.0, height)


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(SIZE)
