"""The command of a study: makes its set, brings its rows to their results, and reports them."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from longtail.cluster.nodes.plan import Plan
from longtail.commands import ExitCode
from longtail.config.variant import Variant

Files = tuple[Path, Path, Path]
"""Training and validation annotations, image folder."""
Pairs = Sequence[tuple[str, str]]


def study_command(
    name: str,
    write_set: Callable[[Path], Files],
    rows: Callable[[Path], dict[str, Variant]],
    pairs: Pairs,
    report: Callable[[Plan, Path, Pairs], dict[str, Any]],
) -> click.Command:
    """The command line of a study.

    Args:
        name: Of the study; also that of its folder of runs.
        write_set: Makes the data set in a folder, if it is not there.
        rows: Every row by name, given the folder of runs.
        pairs: (before, after), which are compared.
        report: Prints the tables of a finished plan, given the folder of runs and the pairs that it
            has with two seeds or more, and returns its figures.
    """

    @click.command(help=f"Run the study `{name}`, or go on with it: what is finished is skipped.")
    @click.option(
        "--runs", type=click.Path(path_type=Path), default=f"runs/{name}", show_default=True
    )
    @click.option("--rows", "chosen", help="Names, comma-separated [default: all].")
    @click.option("--seeds", default="0,1,2", show_default=True)
    @click.option("--out", type=click.Path(path_type=Path), help="Write the figures here, as JSON.")
    @click.option("--dry-run", is_flag=True, help="Print the nodes it would run, then stop.")
    def main(
        runs: Path, chosen: str | None, seeds: str, out: Path | None, dry_run: bool
    ) -> ExitCode:
        from experiments.commands.grid.plan_table import print_plan
        from longtail.cluster.data_files import find_data_files
        from longtail.cluster.nodes.plan import make_plan
        from longtail.cluster.nodes.statuses import look_up

        runs = runs.resolve()
        known = rows(runs)
        names = chosen.split(",") if chosen else list(known)
        numbers = tuple(int(word) for word in seeds.split(","))
        files = find_data_files(*write_set(runs / "data"))
        plan = make_plan({row: known[row] for row in names}, numbers, files)
        if dry_run:
            print_plan(plan, look_up(plan, runs))
            return ExitCode.DONE
        if not bring_to_results(plan, runs, name):
            return ExitCode.SOME_FAILED
        compared = [pair for pair in pairs if set(pair) <= set(names)] if len(numbers) > 1 else []
        figures = report(plan, runs, compared)
        if out is not None:
            nodes = {row.name: [node.id for node in row.nodes()] for row in plan.rows}
            variants = {row: known[row].model_dump(mode="json") for row in names}
            figures |= {"nodes": nodes, "variants": variants}
            # Figures name no folder of one machine.
            out.write_text(json.dumps(figures, indent=1).replace(f"{runs}/", "") + "\n")
        return ExitCode.DONE

    return main


def bring_to_results(plan: Plan, runs: Path, name: str) -> bool:
    """Bring every node of the plan to its result; False if some failed."""
    from experiments.commands.grid.result_tables import print_failures
    from longtail.cluster.grid import run_grid
    from longtail.cluster.nodes.settings import GridSettings, WorkerResources
    from longtail.cluster.nodes.statuses import State

    settings = GridSettings(runs, WorkerResources(1, 1.0, 0.0), None, 0, "longtail", name)
    statuses, _ = run_grid(plan, settings)
    print_failures(plan, statuses)
    return all(item.state is State.DONE for item in statuses.values())
