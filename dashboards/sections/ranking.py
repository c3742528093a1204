"""Which row is best, and whether the difference is real."""

from collections.abc import Iterator, Sequence

from dashboards.ablation.order import baselines_of
from dashboards.ablation.row_table import all_steps, claims_of, row_table
from dashboards.ablation.seed_table import seed_table
from dashboards.section import Block, Note, Section
from dashboards.sources.comparing import Compared, compared
from dashboards.sources.found import Report
from dashboards.tables import Table

SHOWN_REASONS, SHOWN_NAMES = 3, 10


def ranking(report: Report) -> Section | None:
    """Means over seeds, the rows by falling AP, and what is missing of both."""
    failed = [item for source in report.sources for item in source.failed]
    if not report.rows and not failed:
        return None
    differences = compared(report, [*baselines_of(report), *all_steps(report)])
    blocks: list[Block] = [*_seed_tables(report)]
    blocks += [
        table
        for kind in ("segm", "box")
        if (table := row_table(report, kind, differences)) is not None
    ]
    blocks += _notes(report, differences)
    blocks += _without_line(failed)
    text = "Which is best, and whether the difference is real."
    return Section("rows", "Rows", text, tuple(blocks))


def _seed_tables(report: Report) -> Iterator[Table]:
    number = 0
    for source in report.sources:
        table = seed_table(source, "seeds" if not number else f"seeds-{number + 1}")
        if table is not None:
            number += 1
            yield table


def _without_line(failed: Sequence[tuple[str, str]]) -> Iterator[Note]:
    by_reason: dict[str, list[str]] = {}
    for name, why in failed:
        by_reason.setdefault(why, []).append(name)
    for why, names in by_reason.items():
        more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
        yield Note(f"Without a line: {', '.join(names[:SHOWN_NAMES])}{more}; {why}.", "missing")


def _notes(report: Report, differences: Compared) -> Iterator[Note]:
    if len(report.rows) == 1:
        yield Note("There is one row, and nothing to compare it with.")
    sources = dict.fromkeys(str(of["source"]) for of in claims_of(report).values())
    if sources:
        yield Note(
            f"In report: {'; '.join(sources)}. These are of the report's own schedule and data: a"
            " shorter run, or one of another data set, is not comparable with them."
        )
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
