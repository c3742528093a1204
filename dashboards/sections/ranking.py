"""Which row is best, and whether the difference is real."""

from collections.abc import Iterator

from dashboards.ablation.order import baselines_of
from dashboards.ablation.row_table import all_steps, claims_of, row_table
from dashboards.ablation.seed_table import seed_table
from dashboards.section import Block, Note, Section
from dashboards.sources.comparing import Compared, compared
from dashboards.sources.found import Report
from dashboards.tables import Table

SHOWN_REASONS = 3


def ranking(report: Report) -> Section | None:
    """Means over seeds, the rows by falling AP, and what is missing of both."""
    if not report.rows:
        return None
    differences = compared(report, [*baselines_of(report), *all_steps(report)])
    blocks: list[Block] = [*_seed_tables(report)]
    blocks += [
        table
        for kind in ("segm", "box")
        if (table := row_table(report, kind, differences)) is not None
    ]
    blocks += _notes(report, differences)
    text = "Which is best, and whether the difference is real."
    return Section("rows", "Rows", text, tuple(blocks))


def _seed_tables(report: Report) -> Iterator[Table]:
    number = 0
    for source in report.sources:
        table = seed_table(source, "seeds" if not number else f"seeds-{number + 1}")
        if table is not None:
            number += 1
            yield table


def _notes(report: Report, differences: Compared) -> Iterator[Note]:
    if len(report.rows) == 1:
        yield Note("There is one row, and nothing to compare it with.")
    sources = dict.fromkeys(str(of["source"]) for of in claims_of(report).values())
    if sources:
        yield Note(
            f"In report: {'; '.join(sources)}. These are of the report's own schedule and data: a"
            " shorter run, or one of another data set, is not comparable with them."
        )
    for source in report.sources:
        for name, needed in source.tree.get("left_out", {}).items():
            yield Note(f"{name} was not run: it needs {needed}.", "missing")
    reasons = list(dict.fromkeys(differences.unknown.values()))
    if reasons:
        rest = len(reasons) - SHOWN_REASONS
        more = f" So it is with {rest} more." if rest > 0 else ""
        yield Note(" ".join(reasons[:SHOWN_REASONS]) + more, "missing")
    warnings = dict.fromkeys(
        warning for of in differences.found.values() for warning in of.comparison["warnings"]
    )
    if warnings:
        yield Note(f"Verdicts may come too easily: {'; '.join(warnings)}.", "warning")
