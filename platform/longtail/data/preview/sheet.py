"""A contact sheet: many samples of a stage in one picture file."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image as PilImage
from PIL import ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from longtail.data.loading.sample import Sample
from longtail.data.preview.panel import BACKGROUND, INK, draw_panel
from longtail.files import replacing

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}
QUALITY = 85
COMMENT = "sheet of longtail"
GAP = 8
TITLE = 28


def write_sheet(
    samples: Sequence[Sample], names: Sequence[str], title: str, columns: int, path: Path
) -> None:
    """Write the samples as a PNG or JPEG, row by row.

    Args:
        samples: At least one.
        names: Of the categories, by index.
        title: A line over all of them.
        columns: Samples in a row.
        path: The file; it is written under another name and then renamed.

    Raises:
        ValueError: It is to be of another format.
    """
    kind = format_of(path)
    panels = [draw_panel(sample, names) for sample in samples]
    columns = min(columns, len(panels))
    width, height = panels[0].size
    rows = -(-len(panels) // columns)
    size = columns * (width + GAP) + GAP, rows * (height + GAP) + GAP + TITLE
    sheet = PilImage.new("RGB", size, BACKGROUND)
    ImageDraw.Draw(sheet).text((GAP, GAP), title, INK, ImageFont.load_default(14))
    for number, panel in enumerate(panels):
        row, column = divmod(number, columns)
        place = GAP + column * (width + GAP), GAP + TITLE + row * (height + GAP)
        sheet.paste(panel, place)
    with replacing(path) as partial:
        _save(sheet, partial, kind)


def _save(sheet: PilImage.Image, path: Path, kind: str) -> None:
    """With a comment by which a command knows its own sheets: see `longtail.own_files`."""
    noted = PngInfo()
    noted.add_text("Comment", COMMENT)
    if kind == "PNG":
        sheet.save(path, kind, pnginfo=noted)
    else:
        sheet.save(path, kind, quality=QUALITY, comment=COMMENT)


def format_of(path: Path) -> str:
    """What Pillow calls the format that the ending of a file stands for.

    Raises:
        ValueError: It is none that sheets are written in.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"--out {path.name}: give a file that ends in {', '.join(FORMATS)}")
    return kind
