"""The report: its sections in their order, each only where its data exist."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from dashboards.pages.document import document
from dashboards.section import Section
from dashboards.sections.by_category import by_category
from dashboards.sections.diagnosis import diagnosis
from dashboards.sections.ensemble import ensemble
from dashboards.sections.gains import gains
from dashboards.sections.header import header
from dashboards.sections.ranking import ranking
from dashboards.sections.search.best import best
from dashboards.sections.search.margins import margins
from dashboards.sections.search.on_the_way import on_the_way
from dashboards.sections.search.trade_off import trade_off
from dashboards.sections.search.tuned import tuned
from dashboards.sections.search.values import values
from dashboards.sections.training import training
from dashboards.sources.found import Report
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


def sections_of(report: Report) -> list[Section]:
    """Those that have something to show."""
    return [section for make in SECTIONS if (section := make(report)) is not None]


def report_page(report: Report, made_of: str = "") -> str:
    """The page's HTML.

    Args:
        report: What is shown.
        made_of: Digest of it, kept in the page; "" for none.
    """
    names = [row.name for row in report.rows]
    baseline = names.index(report.baseline) if names else 0
    kinds = ", ".join(f"{source.kind} {source.name}" for source in report.sources)
    return document(report.title, kinds, sections_of(report), names, baseline, made_of)


def write_report(report: Report, out: Path, made_of: str = "") -> None:
    """Write the page, whole or not at all."""
    write_text(out, report_page(report, made_of))
