"""Which categories are found, and which fail."""

from dashboards.ablation.category_intervals import with_category_intervals
from dashboards.figures.ap_by_images import ap_by_images
from dashboards.section import Section
from dashboards.sources.found import Report


def by_category(report: Report) -> Section | None:
    """AP of each category over its training images."""
    if not report.rows:
        return None
    names = [row.name for row in report.rows]
    figure = ap_by_images(report.rows, baseline=names.index(report.baseline))
    figure = with_category_intervals(figure, report.rows, names.index(report.baseline))
    return Section("categories", "Categories", "Which are found, and which fail.", (figure,))
