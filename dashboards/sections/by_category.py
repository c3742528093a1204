"""Which categories are found, and which fail."""

from dataclasses import dataclass

from dashboards.ablation.category_intervals import with_category_intervals
from dashboards.figure import Figure
from dashboards.figures.ap_by_images import TABLE, ap_by_images
from dashboards.rendering import rendered
from dashboards.section import Block, Html, Note, Section
from dashboards.sources.found import Report
from longtail.categories import GROUP_NAMES

DIFFERENCES = "category_differences"
"""Half widths of the intervals of differences, by category and pair of rows; not all have them."""


@dataclass(frozen=True)
class _Column:
    key: str
    title: str
    hint: str = ""
    is_text: bool = False


OF_CATEGORY = (
    _Column("name", "category", "click one to mark it in the figures", is_text=True),
    _Column("group", "group", "by training images", is_text=True),
    _Column("images", "images", "with the category in the training set"),
    _Column("instances", "instances", "of the category in the training set"),
    _Column("row", "AP", "of the row that is chosen above, in points"),
)
OF_PAIR = (
    _Column("against", "AP", "of the row that it is compared with, in points"),
    _Column("difference", "difference", "in points; the number after \u00b1 is half the interval"),
)


def by_category(report: Report) -> Section | None:
    """AP of each category over its training images, and the table of all categories."""
    if not report.rows:
        return None
    shown, against = report.number(report.shown), report.number(report.against)
    figure = ap_by_images(report.rows, shown, against)
    figure = with_category_intervals(figure, report.rows, report.number(report.baseline))
    return section_of(figure, len(report.rows))


def section_of(figure: Figure, num_rows: int) -> Section:
    """The figure with the table of what it draws, or a word where there is nothing to draw.

    Args:
        figure: With the table of categories, and that of `DIFFERENCES` where they are known.
        num_rows: That a reader chooses from.
    """
    blocks: tuple[Block, ...] = (figure, _table(figure, num_rows > 1))
    if figure.tables[TABLE].empty:
        blocks = (Note("No category has AP: none of them is annotated in this data.", "missing"),)
    return Section("categories", "Categories", "Which are found, and which fail.", blocks)


def _table(figure: Figure, has_pairs: bool) -> Html:
    has_intervals = has_pairs and DIFFERENCES in figure.tables
    text = "AP in points."
    if has_intervals:
        text += (
            " A difference stands with half its 95% interval where it is known, in bold where the"
            " interval leaves out 0; of equal categories one in twenty would do so by chance."
        )
    html = rendered(
        "category_table.html",
        groups=GROUP_NAMES,
        columns=OF_CATEGORY + (OF_PAIR if has_pairs else ()),
        text=text,
        num_lines=len(figure.tables[TABLE]),
        has_intervals=has_intervals,
    )
    return Html("all-categories", html)
