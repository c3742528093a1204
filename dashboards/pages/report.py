"""The report: its sections in their order, each only where its data exist."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from dashboards.pages.document import document
from dashboards.section import Section
from dashboards.sections.by_category import by_category
from dashboards.sections.diagnosis import diagnosis
from dashboards.sections.ensemble import ensemble
from dashboards.sections.gains import gains
from dashboards.sections.header import header
from dashboards.sections.headline import headline
from dashboards.sections.pictures import pictures
from dashboards.sections.ranking import ranking
from dashboards.sections.search.best import best
from dashboards.sections.search.margins import margins
from dashboards.sections.search.on_the_way import on_the_way
from dashboards.sections.search.trade_off import trade_off
from dashboards.sections.search.tuned import tuned
from dashboards.sections.search.values import values
from dashboards.sections.training import training
from dashboards.sources.found import Report
from dashboards.sources.pictures import PictureSource
from longtail.files import write_text

MakeSection: TypeAlias = Callable[[Report], Section | None]
SECTIONS: tuple[MakeSection, ...] = (
    header,
    ranking,
    gains,
    by_category,
    diagnosis,
    best,
    tuned,
    trade_off,
    values,
    margins,
    on_the_way,
    ensemble,
    training,
)
"""From above to below; a new one is a file in `sections` and a line here."""


@dataclass(frozen=True)
class Pictures:
    """What a page shows of pictures.

    Attributes:
        source: Where annotations and pictures lie; None for what the report's sources say.
        categories: Names or ids; none for the rarest, the worst and the most changed.
    """

    source: PictureSource | None = None
    categories: tuple[str, ...] = ()


USUAL = Pictures()


def sections_of(report: Report, shown: Pictures | None = USUAL) -> list[Section]:
    """Those that have something to show.

    Args:
        report: What is shown.
        shown: Of pictures; None for none.

    Raises:
        ValueError: A category is not in the annotations.
    """
    made = [make(report) for make in SECTIONS]
    if shown is not None:
        made.append(pictures(report, shown.source, shown.categories))
    return [section for section in made if section is not None]


def report_page(report: Report, shown: Pictures | None = USUAL, made_of: str = "") -> str:
    """The page's HTML.

    Args:
        report: What is shown.
        shown: Of pictures; None for none.
        made_of: Digest of it, kept in the page; "" for none.

    Raises:
        ValueError: A category is not in the annotations.
    """
    return document(
        report.title,
        headline(report),
        sections_of(report, shown),
        [row.name for row in report.rows],
        report.number(report.shown),
        report.number(report.against),
        made_of,
    )


def write_report(
    report: Report, out: Path, shown: Pictures | None = USUAL, made_of: str = ""
) -> None:
    """Write the page, whole or not at all; the arguments are those of `report_page`."""
    write_text(out, report_page(report, shown, made_of))
