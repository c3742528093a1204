"""The study of the tail: `python -m docs.studies.tail --runs FOLDER`, from the repository's root.

Makes the data set, trains and evaluates every row with every seed, prints the tables of
`tail_on_synthetic.md` and writes the figures of `tail_on_synthetic.json`. A rerun skips what is
finished.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from docs.studies.tail_diagnosis import rare_categories
from docs.studies.tail_rows import PAIRS, study_rows
from docs.studies.tail_set import write_tail_set
from docs.studies.tail_summary import (
    PairDifference,
    RowMean,
    pair_differences,
    read_runs,
    row_means,
)
from longtail.commands import ExitCode, run

METRICS = ("AP", "APr", "APc", "APf")


@click.command()
@click.option("--runs", type=click.Path(path_type=Path), default="runs/tail", show_default=True)
@click.option("--rows", help="Names, comma-separated [default: all].")
@click.option("--seeds", default="0,1,2", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="Write the figures here, as JSON.")
@click.option("--dry-run", is_flag=True, help="Print the nodes it would run, then stop.")
def main(runs: Path, rows: str | None, seeds: str, out: Path | None, dry_run: bool) -> ExitCode:
    """Run the study of the tail on the synthetic set, or go on with it."""
    from experiments.commands.grid.plan_table import print_plan
    from experiments.commands.grid.result_tables import print_failures
    from longtail.cluster.data_files import find_data_files
    from longtail.cluster.grid import run_grid
    from longtail.cluster.nodes.plan import make_plan
    from longtail.cluster.nodes.settings import GridSettings, WorkerResources
    from longtail.cluster.nodes.statuses import State, look_up

    runs = runs.resolve()
    train, val, images = write_tail_set(runs / "data")
    known = study_rows()
    names = rows.split(",") if rows else list(known)
    numbers = tuple(int(word) for word in seeds.split(","))
    files = find_data_files(train, val, images)
    plan = make_plan({name: known[name] for name in names}, numbers, files)
    if dry_run:
        print_plan(plan, look_up(plan, runs))
        return ExitCode.DONE
    settings = GridSettings(runs, WorkerResources(1, 1.0, 0.0), None, 0, "longtail", "tail")
    statuses, _ = run_grid(plan, settings)
    print_failures(plan, statuses)
    if any(item.state is not State.DONE for item in statuses.values()):
        return ExitCode.SOME_FAILED
    judged = read_runs(plan, runs)
    means = {name: row_means(of) for name, of in judged.items()}
    pairs = [pair for pair in PAIRS if set(pair) <= set(names)] if len(numbers) > 1 else []
    differences = pair_differences(judged, pairs)
    print_means(means)
    print_differences(differences)
    if out is not None:
        figures = {
            "rows": {name: _plain(of) for name, of in means.items()},
            "differences": {f"{a} -> {b}": _plain(of) for (a, b), of in differences.items()},
            "rare_categories": rare_categories(plan, runs),
            "nodes": {row.name: [node.id for node in row.nodes()] for row in plan.rows},
            "variants": {name: known[name].model_dump(mode="json") for name in names},
        }
        out.write_text(json.dumps(figures, indent=1) + "\n")
    return ExitCode.DONE


def print_means(means: dict[str, dict[str, RowMean]]) -> None:
    """Mean +- standard deviation over seeds, and the interval over images, in points."""
    click.echo("| row | " + " | ".join(METRICS) + " |")
    click.echo("|---|" + "---|" * len(METRICS))
    for name, of in means.items():
        cells = [
            f"{100 * m.mean:.1f} +- {100 * m.sd:.1f} ({100 * m.low:.1f} to {100 * m.high:.1f})"
            for m in of.values()
        ]
        click.echo(f"| {name} | " + " | ".join(cells) + " |")


def print_differences(of: dict[tuple[str, str], dict[str, PairDifference]]) -> None:
    """Mean difference and its interval over images and seeds, in points; * where it is real."""
    click.echo("\n| from -> to | " + " | ".join(METRICS) + " |")
    click.echo("|---|" + "---|" * len(METRICS))
    for (before, after), metrics in of.items():
        cells = [
            f"{100 * d.mean:+.1f} ({100 * d.low:+.1f} to {100 * d.high:+.1f}){'*' * d.real}"
            for d in metrics.values()
        ]
        click.echo(f"| {before} -> {after} | " + " | ".join(cells) + " |")


def _plain(of: dict[str, Any]) -> dict[str, Any]:
    return {metric: asdict(value) for metric, value in of.items()}


if __name__ == "__main__":
    run(main)
