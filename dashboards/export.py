"""Figures as files for papers: SVG, PDF and PNG, of one and the same drawing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import vl_convert

from dashboards.figure import PAGE_WIDTH, Figure
from dashboards.pages.vega import VEGA_LITE
from longtail.files import write_bytes

FORMATS: Final = ("svg", "pdf", "png")
DOTS_PER_POINT: Final = 300 / 72
"""Of a PNG; a pixel of a figure is a point."""


def figure_files(
    figure: Figure,
    folder: Path,
    formats: Sequence[str] = FORMATS,
    width: int = PAGE_WIDTH,
) -> list[Path]:
    """Write a figure under its own name, once for each format, and return the files.

    Args:
        figure: What is drawn.
        folder: Takes the files; it is there.
        formats: Of `FORMATS`.
        width: In points: `COLUMN_WIDTH` or `PAGE_WIDTH`.
    """
    drawing = svg(figure, width)
    written = []
    for name in formats:
        path = folder / f"{figure.name}.{name}"
        write_bytes(path, _converted(drawing, name))
        written.append(path)
    return written


def write_figure(figure: Figure, path: Path, width: int = PAGE_WIDTH) -> None:
    """Write one file, whole or not at all.

    Args:
        figure: What is drawn.
        path: The file, in the format that its name ends with, one of `FORMATS`.
        width: In points.

    Raises:
        ValueError: The name ends with another format.
    """
    write_bytes(path, _converted(svg(figure, width), path.suffix.removeprefix(".")))


def svg(figure: Figure, width: int = PAGE_WIDTH) -> str:
    """A figure as an SVG document; the same text for the same figure.

    Args:
        figure: What is drawn.
        width: In points.
    """
    spec = figure.spec(width=width)
    drawing: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, show_warnings=True)
    return drawing


def _converted(drawing: str, name: str) -> bytes:
    match name:
        case "svg":
            return drawing.encode()
        case "pdf":
            return bytes(vl_convert.svg_to_pdf(drawing))
        case "png":
            return bytes(vl_convert.svg_to_png(drawing, scale=DOTS_PER_POINT))
    raise ValueError(f"no format is called {name!r}; there are {', '.join(FORMATS)}")
