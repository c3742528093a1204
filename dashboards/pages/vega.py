"""Charts for a browser: compiled when the page is made, drawn by a library in the page."""

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
    return made
