"""The study of thin objects: `python -m docs.studies.thin`, from the repository's root.

After `python -m docs.studies.thin.trunk` it trains and evaluates every row with every seed, prints
the tables of `thin_objects.md` and writes the figures of `thin_objects.json`. A rerun skips what is
finished.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from docs.studies.boundary_matches import boundary_matches_of
from docs.studies.command import Pairs, study_command
from docs.studies.row_differences import mask_matches, pair_differences, row_means, runs_of
from docs.studies.tables import plain_differences, plain_means, print_differences, print_means
from docs.studies.thin.painting import LETTERS, write_thin_set
from docs.studies.thin.rows import PAIRS, study_rows, trunk_file
from longtail.cluster.nodes.plan import Plan
from longtail.commands import run
from longtail.config.variant import Variant
from longtail.evaluation.metrics.matches.table import MatchTable

HEADINGS = {f"AP{letter}": group for group, letter in LETTERS.items()}


def report(plan: Plan, runs: Path, pairs: Pairs) -> dict[str, Any]:
    """Print the tables of a finished plan, for masks and for their boundaries; the figures."""
    return {
        "mask": _report_of("Mask AP", plan, mask_matches(plan, runs), pairs),
        "boundary": _report_of("Boundary AP", plan, [*boundary_matches_of(plan, runs)], pairs),
    }


def rows_over_trunk(runs: Path) -> dict[str, Variant]:
    """The rows of the study.

    Raises:
        ValueError: There is no trunk yet.
    """
    if not trunk_file(runs).is_file():
        raise ValueError(
            f"{trunk_file(runs)}: no trunk to start from; run python -m docs.studies.thin.trunk"
        )
    return study_rows(runs)


def _report_of(
    title: str, plan: Plan, tables: Sequence[MatchTable], pairs: Pairs
) -> dict[str, dict[str, Any]]:
    judged = runs_of(plan.rows, tables)
    means = {name: row_means(of) for name, of in judged.items()}
    differences = pair_differences(judged, pairs)
    click.echo(f"\n{title}\n")
    print_means(means, HEADINGS)
    print_differences(differences, HEADINGS)
    return {"rows": plain_means(means), "differences": plain_differences(differences)}


main = study_command("thin", write_thin_set, rows_over_trunk, PAIRS, report)

if __name__ == "__main__":
    run(main)
