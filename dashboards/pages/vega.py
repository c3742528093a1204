"""Charts for a browser: compiled when the page is made, drawn by a library in the page."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

import vl_convert

from longtail.caches import cache_folder
from longtail.files import write_text

VEGA_LITE = "6.4"
"""The version of Vega-Lite that Altair writes."""
GLOBALS = "window.vegaEmbed = vegaEmbed;"


def library() -> str:
    """Vega as one script that leaves `vegaEmbed` and nothing else; made once a version."""
    cached = cache_folder("vega") / f"{version('vl-convert-python')}.js"
    if not cached.is_file():
        cached.parent.mkdir(parents=True, exist_ok=True)
        # As it comes, its short names become globals of the page: one of them is `gc`.
        bundle = vl_convert.javascript_bundle(GLOBALS, vl_version=VEGA_LITE)
        write_text(cached, f"(() => {{{bundle}\n}})();")
    return cached.read_text()


def compiled(spec: dict[str, Any]) -> dict[str, Any]:
    """Vega for Vega-Lite; without evaluated expressions, so that a strict policy can hold."""
    made: dict[str, Any] = vl_convert.vegalite_to_vega(
        spec, vl_version=VEGA_LITE, show_warnings=True
    )
    _name(made.get("marks", []))
    return made


def _name(marks: Iterable[dict[str, Any]]) -> None:
    """Marks that are told to screen readers get a name, which those without data need."""
    for mark in marks:
        if mark.get("aria") is not False:
            mark.setdefault("description", f"{mark['type']} marks")
        _name(mark.get("marks", []))


USUAL_HEIGHT = 200
AXIS, LINE, LEGEND, PADDING = 18, 16, 26, 4
"""Pixels of an axis' labels, a line of text, a line of a legend, and what is around all."""


def height(chart: Mapping[str, Any]) -> int:
    """About how many pixels a compiled chart takes, so that nothing moves when it is drawn."""
    plot = chart.get("height")
    below = [axis for axis in chart.get("axes", []) if axis.get("orient") == "bottom"]
    lines = any("title" in axis for axis in below) + _num_lines(chart.get("title"))
    pixels = LINE * lines + (AXIS if below else 0) + (LEGEND if chart.get("legends") else 0)
    return PADDING + pixels + int(plot if isinstance(plot, int | float) else USUAL_HEIGHT)


def _num_lines(title: Any) -> int:
    if not isinstance(title, dict):
        return int(bool(title))
    texts = [text for key in ("text", "subtitle") if (text := title.get(key))]
    return sum(len(text) if isinstance(text, list) else 1 for text in texts)
