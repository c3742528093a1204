"""Pieces of HTML that a sweep's page is put together from."""

from collections.abc import Sequence
from html import escape

from longtail.sweep.analysis.axis import Axis


def section(title: str, note: str, content: str) -> str:
    """A heading, a line about it (HTML), and what follows."""
    about = f'<p class="note">{note}</p>' if note else ""
    return f"<section>\n<h2>{escape(title)}</h2>\n{about}\n{content}\n</section>"


def figure(svg: str, caption: str = "", broad: bool = False) -> str:
    """An SVG below its caption (HTML); a broad one takes all columns."""
    about = f"<figcaption>{caption}</figcaption>" if caption else ""
    look = ' class="broad"' if broad else ""
    return f"<figure{look}>{about}\n{svg}\n</figure>"


def side_by_side(figures: Sequence[str]) -> str:
    """Figures in as many columns as fit."""
    return f'<div class="figures">{"".join(figures)}</div>'


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """What the looks of a figure mean: their classes, and texts."""
    keys = (f'<span><i class="key {look}"></i>{escape(text)}</span>' for look, text in entries)
    return f'<p class="legend">{"".join(keys)}</p>'


def path_name(axis: Axis) -> str:
    """A searched path's label, and the whole of it where that is longer."""
    if axis.label == axis.path:
        return f"<b>{breakable(axis.label)}</b>"
    return f'<b>{breakable(axis.label)}</b> <span class="path">{breakable(axis.path)}</span>'


def table(caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells of HTML; a wide one scrolls by itself."""
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>" for cells in rows)
    about = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f'<div class="wide"><table>{about}<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def breakable(text: str) -> str:
    """A text that a narrow column may break after dots and underscores."""
    return escape(text).replace(".", ".<wbr>").replace("_", "_<wbr>")
