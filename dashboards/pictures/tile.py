"""One thumbnail: a picture, or a plain ground without one, with masks, verdicts and scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from dashboards.look import COLOURS
from dashboards.pictures.judging import Detection, Instance, Shape, Verdict
from dashboards.pictures.labels import Box, Labels
from dashboards.pictures.outlines import TINT, Colour, Mask, mask_of, paint
from dashboards.pictures.view import View
from dashboards.pictures.words import score_text

COLOUR_OF = {
    "truth": "common",
    "missed": "violet",
    Verdict.FOUND: "frequent",
    Verdict.WRONG: "rare",
    Verdict.IGNORED: "grey",
    Verdict.UNJUDGED: "grey",
}
"""Names of the page's colours; the bright ones are drawn, which show on pictures."""
DASHED = ("missed", Verdict.IGNORED, Verdict.UNJUDGED)
GROUND: Colour = (70, 78, 86)
"""Where there is no picture."""


@dataclass(frozen=True)
class Ground:
    """What masks are painted on.

    Attributes:
        picture: RGB, upright; None where there is none.
        height: Pixels that the annotations give.
        width: The same.
        view: The part that is shown.
    """

    picture: Image.Image | None
    height: int
    width: int
    view: View

    def thumbnail(self) -> Image.Image:
        """The part of the picture, scaled."""
        if self.picture is None:
            return Image.new("RGB", self.view.size, GROUND)
        of = self.view
        part = self.picture.crop((of.left, of.top, of.right, of.bottom))
        return part.resize(self.view.size, Image.Resampling.LANCZOS)


@dataclass(frozen=True)
class Mark:
    """Attributes:
    shape: What is painted.
    style: A key of `COLOUR_OF`.
    text: What is written beside it, "" for nothing.
    """

    shape: Shape
    style: str
    text: str = ""


def bright_colour(style: str) -> str:
    """The colour of a style, "#rrggbb", on any scheme."""
    _, bright = COLOURS[COLOUR_OF[style]]
    return bright


def truth_marks(instances: Sequence[Instance]) -> list[Mark]:
    """Ground truth; ignored instances say so."""
    return [
        Mark(of.shape, Verdict.IGNORED, Verdict.IGNORED) if of.ignored else Mark(of.shape, "truth")
        for of in instances
    ]


def row_marks(detections: Sequence[Detection], missed: Sequence[Instance]) -> list[Mark]:
    """What a row found, the best on top, and the instances that it missed."""
    found = [
        Mark(one.shape, one.verdict, f"{one.verdict} {score_text(one.score)}") for one in detections
    ]
    return [*(Mark(of.shape, "missed", "missed") for of in missed), *reversed(found)]


def draw_tile(ground: Ground, marks: Sequence[Mark]) -> Image.Image:
    """The thumbnail.

    Args:
        ground: The picture and the part of it.
        marks: From below to above.
    """
    thumbnail = ground.thumbnail()
    pixels = np.asarray(thumbnail).astype(np.float64)
    places: list[tuple[Mark, Box]] = []
    for mark in marks:
        mask = mask_of(mark.shape, ground.height, ground.width, ground.view)
        if not mask.any():
            continue
        tint = 0.0 if mark.style == "missed" else TINT
        paint(pixels, mask, _colour(mark), tint=tint, dashed=mark.style in DASHED)
        places.append((mark, _bounds(mask)))
    painted = Image.fromarray(pixels.round().astype(np.uint8))
    boxes = [place for _, place in places]
    labels = Labels(ImageDraw.Draw(painted), painted.size, boxes)
    # The best detection, painted last, has the first choice of a place.
    for mark, place in reversed(places):
        if mark.text:
            labels.write(mark.text, place, _colour(mark))
    return painted


def _colour(mark: Mark) -> Colour:
    red, green, blue = bytes.fromhex(bright_colour(mark.style)[1:])
    return red, green, blue


def _bounds(mask: Mask) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1]), float(rows[-1])
