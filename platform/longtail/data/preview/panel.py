"""One training sample as a picture: masks, boxes, names, sources and ignore regions.

G instances, S sources. Boxes are xyxy in pixels of the sample.
"""

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont

from longtail.data.loading.sample import Sample

SIDE = 480
"""Pixels of the longer side of a panel's picture."""
CAPTION = 34
OPACITY = 0.45
BACKGROUND, INK, PALE = (255, 255, 255), (20, 20, 20), (255, 255, 255)
IGNORED = (255, 60, 60)
NOT_LEARNED = (150, 150, 150)
"""Of instances of other categories than the drawn one."""
DASH = 6
GOLDEN_RATIO = 0.618034

Colour = tuple[int, int, int]


def draw_panel(sample: Sample, names: Sequence[str]) -> PilImage.Image:
    """A sample with all that is known about it, at most `SIDE` wide and high, over its caption.

    Args:
        sample: What a stage learns from.
        names: Of the categories, by index.
    """
    picture = _with_masks(sample)
    scale = min(1.0, SIDE / max(picture.size))
    shown = picture.resize([max(1, round(side * scale)) for side in picture.size])
    pen = ImageDraw.Draw(shown)
    for region in () if sample.regions is None else sample.regions.numpy() * scale:
        _dashed(pen, region, PALE)
    for box in sample.ignore_boxes.numpy() * scale:
        _dashed(pen, box, IGNORED)
    for number, (box, label) in enumerate(zip(sample.boxes, sample.labels, strict=True)):
        _named_box(pen, (box * scale).numpy(), names[int(label)], _colour(sample, number))
    panel = PilImage.new("RGB", (SIDE, SIDE + CAPTION), BACKGROUND)
    panel.paste(shown, (0, 0))
    ImageDraw.Draw(panel).text((2, SIDE + 2), caption(sample, names), INK, _font(12))
    return panel


def caption(sample: Sample, names: Sequence[str]) -> str:
    """Two lines: which image, its size now, and what is learned from it."""
    height, width = sample.image.size
    others = len(sample.verified) - 1
    image = f"image {sample.image.image_id}"
    if sample.joined_from is not None:
        image += f" of {sample.joined_from}"
    if others:
        image += f" and {others} other{'s' * (others > 1)}"
    facts = [f"{len(sample.labels)} instances"]
    if len(sample.ignore_boxes):
        facts.append(f"{len(sample.ignore_boxes)} ignored")
    if not sample.has_masks:
        facts.append("boxes only")
    if sample.loss_weight != 1:
        facts.append(f"losses times {sample.loss_weight:g}")
    if sample.drawn_category is not None:
        facts.append(f"drawn for {names[sample.drawn_category]}")
    return f"{image}, {width} x {height}\n{', '.join(facts)}"


def colour_of(number: int) -> Colour:
    """A colour that is unlike those of the numbers before."""
    red, green, blue = colorsys.hsv_to_rgb(number * GOLDEN_RATIO % 1.0, 0.85, 1.0)
    return round(255 * red), round(255 * green), round(255 * blue)


def _colour(sample: Sample, number: int) -> Colour:
    """Of an instance: grey where it is neither foreground nor background."""
    learned = sample.drawn_category in (None, int(sample.labels[number]))
    return colour_of(number) if learned else NOT_LEARNED


def _with_masks(sample: Sample) -> PilImage.Image:
    pixels = (sample.image.pixels.permute(1, 2, 0).numpy() * 255).round()
    for number, mask in enumerate(sample.masks.items):
        if mask is not None:
            bitmap = mask.bitmap()
            part = bitmap.part_of(pixels)
            inside = bitmap.pixels > 0
            colour = np.array(_colour(sample, number))
            part[inside] = (1 - OPACITY) * part[inside] + OPACITY * colour
    return PilImage.fromarray(pixels.astype(np.uint8))


def _named_box(
    pen: ImageDraw.ImageDraw, box: NDArray[np.float32], name: str, colour: Colour
) -> None:
    x0, y0, x1, y1 = map(float, box)
    pen.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=colour)
    font = _font(10)
    left, top, right, bottom = pen.textbbox((x0 + 1, max(0.0, y0 - 11)), name, font)
    pen.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=colour)
    pen.text((x0 + 1, max(0.0, y0 - 11)), name, INK, font)


def _dashed(pen: ImageDraw.ImageDraw, box: NDArray[np.float32], colour: Colour) -> None:
    x0, y0, x1, y1 = map(float, box)
    for start in np.arange(x0, x1, 2 * DASH):
        for y in (y0, y1 - 1):
            pen.line((start, y, min(start + DASH, x1), y), colour, 2)
    for start in np.arange(y0, y1, 2 * DASH):
        for x in (x0, x1 - 1):
            pen.line((x, start, x, min(start + DASH, y1)), colour, 2)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
