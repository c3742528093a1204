"""A figure as it is drawn: the words of its SVG, and what compiling it prints."""

from xml.etree import ElementTree

import pytest

from dashboards.export import svg
from dashboards.figure import PAGE_WIDTH, Figure
from dashboards.look import PAGE
from dashboards.pages.vega import compiled

SVG = "{http://www.w3.org/2000/svg}"


def drawn_words(figure: Figure, width: int = PAGE_WIDTH) -> list[str]:
    """Every line of text of a figure on paper, in the order of its SVG."""
    tree = ElementTree.fromstring(svg(figure, width))
    lines = (element.text for name in ("text", "tspan") for element in tree.iter(f"{SVG}{name}"))
    return [line for line in lines if line]


def check_quiet(figure: Figure, capfd: pytest.CaptureFixture[str]) -> None:
    """Compile every panel for a page, and draw the figure on paper: nothing is printed."""
    for spec in figure.panel_specs(PAGE):
        assert compiled(spec)["marks"]
    assert drawn_words(figure)
    printed = capfd.readouterr()
    assert printed.out + printed.err == ""
