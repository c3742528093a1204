"""A page that shows what a sweep found: one HTML file with inline SVG, light or dark.

It needs no network and no script; hover texts are SVG titles.
"""

from html import escape
from pathlib import Path

from longtail.files import write_text
from longtail.sweep.analysis.analysis import Analysis
from longtail.sweep.page.margin_map import margin_maps_section
from longtail.sweep.page.sections import (
    best_section,
    confirmation_section,
    curves_section,
    failed_section,
    heat_maps_section,
    importance_section,
    marginals_section,
    pareto_section,
    searched_section,
    summary,
)
from longtail.sweep.page.style import STYLE

FILE = "analysis.html"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def write_page(directory: Path, analysis: Analysis) -> Path:
    """Write the page, whole or not at all, and return the file.

    Args:
        directory: The sweep's, which exists and has its name.
        analysis: What it shows.
    """
    write_text(directory / FILE, analysis_page(directory.name, analysis))
    return directory / FILE


def analysis_page(name: str, analysis: Analysis) -> str:
    """The page's HTML.

    Args:
        name: The sweep's.
        analysis: What it shows.
    """
    sections = (
        summary(analysis),
        searched_section(analysis),
        confirmation_section(analysis),
        best_section(analysis),
        pareto_section(analysis),
        importance_section(analysis),
        *(marginals_section(analysis, item) for item in analysis.of_metrics),
        *(heat_maps_section(analysis, item) for item in analysis.of_metrics),
        margin_maps_section(analysis.margins),
        *(curves_section(analysis, item) for item in analysis.of_metrics),
        failed_section(analysis),
    )
    body = "\n".join(section for section in sections if section)
    return PAGE.format(title=escape(f"Sweep {name}"), style=STYLE, body=body)
