"""A figure as it is drawn: the words of its SVG."""

import re
from html import unescape

import vl_convert

from dashboards.figure import PAGE_WIDTH, Figure
from dashboards.look import PAPER


def drawn_words(figure: Figure, width: int = PAGE_WIDTH) -> list[str]:
    """The texts of a figure on paper, in the order of its SVG."""
    svg = vl_convert.vegalite_to_svg(figure.spec(PAPER, width), vl_version="6.4")
    return [unescape(text) for text in re.findall(r"<text[^>]*>([^<]+)</text>", svg)]
