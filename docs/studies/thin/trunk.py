"""Trains what all rows start from: `python -m docs.studies.thin.trunk`.

A plain detector learns the set; its backbone, neck and RPN become `trunk.pt` in the folder of runs.
"""

from pathlib import Path

import click
import torch

from docs.studies.command import bring_to_results
from docs.studies.thin.painting import write_thin_set
from docs.studies.thin.rows import trunk_file, trunk_row
from longtail.cluster.data_files import find_data_files
from longtail.cluster.nodes.ledger import node_directory
from longtail.cluster.nodes.plan import Plan, make_plan
from longtail.commands import ExitCode, run
from longtail.training.checkpoints import Checkpoint, final_checkpoint

SEED = 100
"""Not one of the rows'."""
HEADS = "roi_heads."
"""How the names of weights begin that rows learn anew."""


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default="runs/thin", show_default=True)
def main(runs: Path) -> ExitCode:
    """Train the trunk of the study `thin`, or go on with it."""
    runs = runs.resolve()
    plan = trunk_plan(runs)
    if not bring_to_results(plan, runs, "thin_trunk"):
        return ExitCode.SOME_FAILED
    save_trunk(plan, runs)
    return ExitCode.DONE


def trunk_plan(runs: Path) -> Plan:
    """The training of the trunk, and its evaluation."""
    files = find_data_files(*write_thin_set(runs / "data"))
    return make_plan({"trunk": trunk_row()}, (SEED,), files)


def save_trunk(plan: Plan, runs: Path) -> None:
    """Write the weights that rows start from."""
    (row,) = plan.rows
    directory = node_directory(runs, row.stages[0])
    weights = Checkpoint(final_checkpoint(directory, trunk_row().stages[0].schedule.iterations))
    kept = {k: v for k, v in weights.weights().items() if not k.startswith(HEADS)}
    torch.save(kept, trunk_file(runs))


if __name__ == "__main__":
    run(main)
