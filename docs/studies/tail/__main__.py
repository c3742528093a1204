"""The study of the tail: `python -m docs.studies.tail --runs FOLDER`, from the repository's root.

Makes the data set, trains and evaluates every row with every seed, prints the tables of
`tail_on_synthetic.md` and writes the figures of `tail_on_synthetic.json`. A rerun skips what is
finished.
"""

from pathlib import Path
from typing import Any

from docs.studies.command import Pairs, study_command
from docs.studies.row_differences import mask_matches, pair_differences, row_means, runs_of
from docs.studies.tables import plain_differences, plain_means, print_differences, print_means
from docs.studies.tail.diagnosis import rare_categories
from docs.studies.tail.rows import PAIRS, study_rows
from docs.studies.tail.set import write_tail_set
from longtail.cluster.nodes.plan import Plan
from longtail.commands import run
from longtail.metrics import GROUP_METRICS

HEADINGS = {metric: metric for metric in GROUP_METRICS}


def report(plan: Plan, runs: Path, pairs: Pairs) -> dict[str, Any]:
    """Print the tables of a finished plan; the figures."""
    judged = runs_of(plan.rows, mask_matches(plan, runs))
    means = {name: row_means(of) for name, of in judged.items()}
    differences = pair_differences(judged, pairs)
    print_means(means, HEADINGS)
    print_differences(differences, HEADINGS)
    return {
        "rows": plain_means(means),
        "differences": plain_differences(differences),
        "rare_categories": rare_categories(plan, runs),
    }


main = study_command("tail", write_tail_set, lambda _: study_rows(), PAIRS, report)

if __name__ == "__main__":
    run(main)
