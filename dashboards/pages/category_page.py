"""AP by category of one evaluation as a file of its own: a page, or a drawing for a paper."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dashboards.export import write_figure
from dashboards.figures.ap_by_images import ap_by_images
from dashboards.pages.document import document
from dashboards.section import Section
from dashboards.sources.found import Row
from longtail.files import write_text
from longtail.metrics import GROUP_METRICS, points_text


def write_ap_by_category(evaluation: Mapping[str, Any], path: Path, name: str) -> None:
    """Write the figure; categories that do not occur in the evaluated split are left out.

    Args:
        evaluation: As `Evaluation.as_dict` has it.
        path: Ends with .html for a page, or with .svg, .pdf or .png.
        name: What the predictions are called.
    """
    row = Row(name, "result", evaluation)
    figure = ap_by_images([row])
    if path.suffix != ".html":
        write_figure(figure, path)
        return
    kind = row.ap_kind
    values = (f"{key} {points_text(evaluation[kind][key])}" for key in GROUP_METRICS)
    lead = f"{'mask' if kind == 'segm' else 'box'} AP in points: {', '.join(values)}"
    section = Section("categories", "Categories", "", (figure,))
    write_text(path, document(name, lead, [section]))
