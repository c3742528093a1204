"""Choose the members of a merge from a pool by what AP says: python -m ensemble.select."""

from pathlib import Path
from typing import Any

import click

from ensemble.merging.options import settings_options
from longtail.commands import run
from longtail.metrics import GROUP_METRICS
from longtail.path_options import SharedPath, SourceWord


@click.command()
@click.option(
    "--pred",
    "preds",
    multiple=True,
    type=SourceWord(),
    required=True,
    metavar="NAME=PATH[,OPTION=VALUE...]",
    help="A member of the pool, as ensemble.merge takes a source. Repeat for each.",
)
@click.option(
    "--ann",
    required=True,
    type=SharedPath(exists=True, dir_okay=False),
    help="LVIS annotations; members are chosen on a random half of the images.",
)
@click.option(
    "--out",
    type=SharedPath(file_okay=False, writes=True),
    required=True,
    help="Result folder.",
)
@click.option(
    "--metric",
    type=click.Choice(GROUP_METRICS),
    default="AP",
    show_default=True,
    help="Of masks, what is to be raised.",
)
@click.option(
    "--half-seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the halves."
)
@click.option(
    "--max-members",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Stop there at the latest; a member that is chosen twice counts twice.",
)
@settings_options
@click.option("--dry-run", is_flag=True, help="Read and count everything, write nothing.")
@click.option("--force", is_flag=True, help="Start anew where the folder holds a selection.")
def main(
    preds: tuple[str, ...],
    ann: Path,
    out: Path,
    metric: str,
    half_seed: int,
    max_members: int,
    dry_run: bool,
    force: bool,
    **options: Any,
) -> None:
    """Choose members of a merge: greedily, forward, with replacement.

    Each step adds the member that raises the metric most on a random half of the images; one that
    is chosen again has more weight. The gain of each step is told on the other half, with its
    interval, and the first step whose gain there cannot be told from 0 is the end and not kept. The
    folder gets merge.yaml (for ensemble.merge --config), written last, select.json (the steps),
    candidates.jsonl and steps.jsonl; the same command goes on after an interruption, or with more
    --max-members.

    \b
    Examples:
      python -m ensemble.select --pred a=a.json --pred b=b.json --pred c=c.json \\
          --ann lvis_v1_val.json --out selected --method nms
      python -m ensemble.merge --config selected/merge.yaml --out merged

    See also: python -m ensemble.tune --help, which varies the rest of a merge
    """
    from ensemble.selection import job
    from ensemble.selection.console import messages
    from ensemble.selection.request import SelectRequest
    from ensemble.sources.spec import parse_sources
    from longtail.evaluation.compiling import telling_of_compilation

    specs = parse_sources(preds)
    request = SelectRequest(ann, specs, options, metric, half_seed, max_members)
    request.check()
    with telling_of_compilation(messages.print):
        if dry_run:
            job.dry_run(request)
        else:
            job.run(request, out, force)


if __name__ == "__main__":
    run(main)
