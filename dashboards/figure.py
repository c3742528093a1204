"""A figure: one or more charts over tables that are known by name, for a page and for paper.

On a page each table is held once, whatever number of charts draw it, and each panel follows the
width that it is given. On paper the panels stand side by side and hold their data.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import altair as alt
import pandas as pd

from dashboards.look import PAPER, Look

Width: TypeAlias = int | Literal["container"]
Chart: TypeAlias = alt.Chart | alt.LayerChart | alt.ConcatChart | alt.FacetChart
Draw: TypeAlias = Callable[[Look, Width], Chart]
PAGE_WIDTH = 500
"""Points of a paper's page; a pixel of a figure is a point of the PDF."""
COLUMN_WIDTH = 240
"""Points of a column of a two-column paper."""
LEAST_ON_PAPER = 160
"""Points of a panel with its axes: three stand side by side on a page, one in a column."""
PANEL_FRAME = 60


@dataclass(frozen=True)
class Figure:
    """What is drawn, and of what.

    Attributes:
        name: Of its files and its place on a page: small letters, digits and hyphens.
        title: A few words.
        text: What is seen and how to read it, in a sentence or two; what screen readers are told.
        panels: Charts, each a single or layered view over `alt.NamedData` of the tables.
        tables: What is drawn, by name; a name means the same table in all figures of a page.
        broad: It takes the page's whole width.
        least_width: Of a panel in pixels; narrower pages scroll it.
    """

    name: str
    title: str
    text: str
    panels: tuple[Draw, ...]
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    broad: bool = False
    least_width: int = 220

    def chart(self, look: Look = PAPER, width: int = PAGE_WIDTH) -> Chart:
        """The whole figure with its data, as a notebook shows it and papers print it.

        Args:
            look: Colours and type.
            width: Of all panels together, in pixels.
        """
        in_line = self._panels_in_line(width)
        # What axes and gaps take.
        panel_width = width // in_line - PANEL_FRAME
        drawn = [panel(look, panel_width) for panel in self.panels]
        whole = drawn[0]
        if len(drawn) > 1:
            whole = alt.concat(*drawn, columns=in_line, spacing=12)
            whole = whole.resolve_scale(color="independent", shape="independent")
        held = {name: records(frame) for name, frame in self.tables.items()}
        whole.datasets = {**_held(whole), **held}
        return whole

    def spec(self, look: Look = PAPER, width: int = PAGE_WIDTH) -> dict[str, Any]:
        """The same as Vega-Lite's JSON, with the look's configuration."""
        spec: dict[str, Any] = self.chart(look, width).to_dict()
        return {**spec, "config": look.config()}

    def panel_specs(self, look: Look) -> list[dict[str, Any]]:
        """Each panel as Vega-Lite's JSON without its tables, as wide as what it stands in."""
        return [
            {
                **panel(look, "container").to_dict(),
                "config": look.config(),
                "description": self.told,
            }
            for panel in self.panels
        ]

    @property
    def told(self) -> str:
        """For screen readers."""
        return f"{self.title}. {self.text}"

    def _repr_mimebundle_(self, *args: Any, **kwargs: Any) -> Any:
        """Shown in a notebook as Altair shows a chart."""
        return self.chart(Look(on_paper=True, size=12), 640)._repr_mimebundle_(*args, **kwargs)

    def _panels_in_line(self, width: int) -> int:
        """As many as stay readable; the others go below."""
        return max(1, min(len(self.panels), width // LEAST_ON_PAPER))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as Vega takes them; NaN is null."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=15))
    return rows


def _held(chart: Chart) -> dict[str, Any]:
    # Small tables that a chart brings along stay.
    held: Any = getattr(chart, "datasets", alt.Undefined)
    return {} if held is alt.Undefined else dict(held)
