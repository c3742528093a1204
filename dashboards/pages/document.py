"""One HTML file of sections: its charts, tables, scripts and style, and nothing from elsewhere."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import pandas as pd
from markupsafe import Markup

from dashboards.figure import Figure
from dashboards.look import PAGE, css_variables
from dashboards.pages.inline import by_column, inline_json, policy
from dashboards.pages.templates import TEMPLATES, template
from dashboards.pages.vega import compiled, library
from dashboards.section import Html, Note, Section
from dashboards.tables import Table, html_table

SCRIPTS = ("page.js",)


def document(
    title: str,
    lead: str,
    sections: Sequence[Section],
    choices: Sequence[str] = (),
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
        baseline: Number of the one that is compared with at first.
        made_of: Digest of what the page shows, kept in it.
    """
    figures = [
        block for section in sections for block in section.blocks if isinstance(block, Figure)
    ]
    scripts = [library(), *(_resource(name) for name in SCRIPTS)] if figures else []
    return template("page.html").render(
        title=title,
        lead=lead,
        policy=policy(scripts),
        style=Markup(css_variables() + "\n" + _resource("page.css")),
        sections=sections,
        kind_of=_kind_of,
        html_table=lambda table: Markup(html_table(table)),
        markup=Markup,
        numbers=_panel_numbers(figures),
        choices=choices,
        baseline=baseline,
        made_of=made_of,
        data=[
            ("tables", Markup(inline_json(_tables(figures)))),
            ("specs", Markup(inline_json(list(_specs(figures))))),
        ],
        scripts=[Markup(script) for script in scripts],
    )


def _resource(name: str) -> str:
    return files("dashboards").joinpath(TEMPLATES, name).read_text(encoding="utf-8")


def _kind_of(block: object) -> str:
    kinds = {Figure: "figure", Table: "table", Note: "note", Html: "html"}
    return kinds[type(block)]


def _panel_numbers(figures: Sequence[Figure]) -> dict[str, list[int]]:
    """The places of each figure's panels among all specifications."""
    numbers: dict[str, list[int]] = {}
    first = 0
    for figure in figures:
        assert figure.name not in numbers, figure.name
        numbers[figure.name] = list(range(first, first + len(figure.panels)))
        first += len(figure.panels)
    return numbers


def _specs(figures: Sequence[Figure]) -> Iterator[dict[str, Any]]:
    for figure in figures:
        for spec in figure.panel_specs(PAGE):
            yield compiled(spec)


def _tables(figures: Sequence[Figure]) -> dict[str, Any]:
    held: dict[str, pd.DataFrame] = {}
    for figure in figures:
        for name, frame in figure.tables.items():
            assert held.setdefault(name, frame).equals(frame), f"two tables are called {name}"
    return {name: by_column(frame) for name, frame in held.items()}
