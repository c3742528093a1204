"""The study of mixed pictures: `python -m docs.studies.mixing --runs FOLDER`, from the
repository's root.

Makes the data set, trains and evaluates every row with every seed, counts what rows show, prints
the tables of `mixed_pictures.md` and writes the figures of `mixed_pictures.json`. A rerun skips
what is finished.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from docs.studies.command import Pairs, study_command
from docs.studies.mixing.law import plain_law, shown
from docs.studies.mixing.rows import PAIRS, SHOWN, study_rows
from docs.studies.row_differences import mask_matches, pair_differences, row_means, runs_of
from docs.studies.tables import plain_differences, plain_means, print_differences, print_means
from docs.studies.tail.diagnosis import rare_categories
from docs.studies.tail.set import write_tail_set
from longtail.cluster.nodes.plan import Plan
from longtail.commands import run
from longtail.data.lvis.annotations import open_annotations
from longtail.metrics import GROUP_METRICS

HEADINGS = {metric: metric for metric in GROUP_METRICS}
SAMPLES = 2000


def report(plan: Plan, runs: Path, pairs: Pairs) -> dict[str, Any]:
    """Print the tables of a finished plan; the figures."""
    judged = runs_of(plan.rows, mask_matches(plan, runs))
    means = {name: row_means(of) for name, of in judged.items()}
    differences = pair_differences(judged, pairs)
    print_means(means, HEADINGS)
    print_differences(differences, HEADINGS)
    law = laws(plan)
    _print_law(law)
    return {
        "rows": plain_means(means),
        "differences": plain_differences(differences),
        "rare_categories": rare_categories(plan, runs),
        "law": law,
    }


def laws(plan: Plan) -> dict[str, dict[str, Any]]:
    """What each kind of stage shows, by one row that has it: see `plain_law`."""
    annotations = open_annotations(plan.data.train)
    stages = {row.variant_name: row.variant.stages[-1] for row in plan.rows}
    return {
        name: plain_law(shown(annotations, plan.data.images, stages[name], SAMPLES), annotations)
        for name in SHOWN
        if name in stages
    }


def _print_law(law: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    click.echo("\n| shown | predicted | measured | largest deviation | median side |")
    click.echo("|---|---|---|---|---|")
    for name, groups in law.items():
        for letter, of in groups.items():
            click.echo(
                f"| {name}, {letter} | {of['predicted']:.1f} | {of['measured']:.1f} |"
                f" {of['largest_deviation']:.1f} | {of['median_side']:.1f} |"
            )


main = study_command("mixing", write_tail_set, lambda _: study_rows(), PAIRS, report)

if __name__ == "__main__":
    run(main)
