"""Colours and type of every figure: on a page as CSS variables, on paper as plain colours.

A page's figure says `var(--rare)`, so that a dark scheme, or printing, needs no redrawing.
"""

from dataclasses import dataclass
from typing import Any, Final

# Okabe and Ito's palette, told apart by colour-blind readers too. Light, then dark.
COLOURS = {
    "ink": ("#1c2530", "#e6ebf0"),
    "muted": ("#56626f", "#9eabb8"),
    "ground": ("#ffffff", "#12171c"),
    "panel": ("#f6f8fa", "#1a2129"),
    "line": ("#d5dbe1", "#36414c"),
    "grid": ("#e4e9ee", "#28313a"),
    "rare": ("#d55e00", "#f08a3c"),
    "common": ("#0072b2", "#56b4e9"),
    "frequent": ("#00805d", "#2fc39a"),
    "grey": ("#7a8590", "#8793a0"),
    "violet": ("#8a4f7d", "#cc8fc0"),
}
GROUP_COLOURS = {"r": "rare", "c": "common", "f": "frequent"}
"""The colour of each frequency group."""
SERIES = ("common", "rare", "frequent", "violet", "grey")
"""Of what has no colour of its own, in this order."""
SEQUENTIAL: Final = "viridis"
"""For heat maps; read on both grounds, and by lightness alone."""
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"


@dataclass(frozen=True)
class Look:
    """Where a figure is seen.

    Attributes:
        on_paper: In a file of its own, not on a page.
        size: Of its type, in pixels.
    """

    on_paper: bool
    size: int = 12

    def __getitem__(self, name: str) -> str:
        """A colour of `COLOURS` by its name, as a chart takes it."""
        light, _ = COLOURS[name]
        return light if self.on_paper else f"var(--{name})"

    def config(self) -> dict[str, Any]:
        """Vega-Lite's configuration."""
        text = {
            "labelColor": self["muted"],
            "titleColor": self["muted"],
            "labelFontSize": self.size,
            "titleFontSize": self.size,
            "titleFontWeight": "normal",
        }
        return {
            "background": "white" if self.on_paper else None,
            "font": FONT,
            "padding": 2,
            "view": {"stroke": None},
            "axis": {
                **text,
                "domain": False,
                "ticks": False,
                "gridColor": self["grid"],
                "labelPadding": 6,
            },
            "legend": {
                **text,
                "orient": "top",
                "title": None,
                "symbolType": "circle",
                "labelColor": self["ink"],
            },
            "title": {
                "color": self["ink"],
                "fontSize": self.size + 1,
                "anchor": "start",
                "fontWeight": 600,
            },
            "text": {"color": self["ink"], "fontSize": self.size - 1},
            "rule": {"color": self["muted"]},
        }


PAGE = Look(on_paper=False)
PAPER = Look(on_paper=True, size=8)


def css_variables() -> str:
    """The colours of a page: light, dark, and light again when it is printed."""
    light, dark = (
        ";".join(f"--{name}:{pair[scheme]}" for name, pair in COLOURS.items()) for scheme in (0, 1)
    )
    return (
        f":root{{color-scheme:light dark;{light}}}"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f"@media print{{:root{{color-scheme:light;{light}}}}}"
    )
