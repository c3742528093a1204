"""One HTML file of sections: its charts, tables, scripts and style, and nothing from elsewhere."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from dashboards.figure import Figure
from dashboards.look import PAGE, css_variables
from dashboards.pages.inline import by_column, inline_json, policy
from dashboards.pages.vega import compiled, height, library
from dashboards.rendering import rendered, resource
from dashboards.section import Html, Note, Section
from dashboards.tables import Table, html_table

SCRIPTS = ("state.js", "sorting.js", "categories.js", "controls.js")
"""What tables and controls need, in the order in which they run."""
CHARTS = "charts.js"
"""Last, for it waits for Vega."""


def document(
    title: str,
    lead: str,
    sections: Sequence[Section],
    choices: Sequence[str] = (),
    shown: int = 0,
    baseline: int = 0,
    made_of: str = "",
) -> str:
    """The page.

    Args:
        title: Its heading.
        lead: A sentence below it.
        sections: From above to below.
        choices: Rows of which a reader chooses the one that is shown, and the one it is compared
            with; charts know them by number.
        shown: Number of the one that is shown at first.
        baseline: Number of the one that is compared with at first.
        made_of: Digest of what the page shows, kept in it.
    """
    figures = [
        block for section in sections for block in section.blocks if isinstance(block, Figure)
    ]
    charts = [compiled(spec) for figure in figures for spec in figure.panel_specs(PAGE)]
    scripts = [resource(name) for name in SCRIPTS]
    if figures:
        scripts.append(library())
    scripts.append(resource(CHARTS))
    return rendered(
        "page.html",
        title=title,
        lead=lead,
        policy=policy(scripts),
        style=Markup(css_variables() + "\n" + resource("page.css")),
        sections=sections,
        kind_of=_kind_of,
        html_table=lambda table: Markup(html_table(table)),
        markup=Markup,
        panels=_panels(figures, charts),
        choices=choices,
        shown=shown,
        baseline=baseline,
        made_of=made_of,
        data=[
            ("tables", Markup(inline_json(_tables(figures)))),
            ("specs", Markup(inline_json(charts))),
        ],
        scripts=[Markup(script) for script in scripts],
    )


def _kind_of(block: object) -> str:
    kinds = {Figure: "figure", Table: "table", Note: "note", Html: "html"}
    return kinds[type(block)]


def _panels(
    figures: Sequence[Figure], charts: Sequence[Mapping[str, Any]]
) -> dict[str, list[tuple[int, int]]]:
    """Of each figure's panels: their places among all charts, and heights kept free for them."""
    panels: dict[str, list[tuple[int, int]]] = {}
    first = 0
    for figure in figures:
        assert figure.name not in panels, figure.name
        places = range(first, first + len(figure.panels))
        panels[figure.name] = [(place, height(charts[place])) for place in places]
        first += len(figure.panels)
    return panels


def _tables(figures: Sequence[Figure]) -> dict[str, Any]:
    held: dict[str, pd.DataFrame] = {}
    for figure in figures:
        for name, frame in figure.tables.items():
            assert held.setdefault(name, frame).equals(frame), f"two tables are called {name}"
    return {name: by_column(frame) for name, frame in held.items()}
