#!/usr/bin/env python
"""Search values of a variant: thresholds, loss weights, learning rates, test-time settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from experiments.commands.run_options import run_options
from longtail.commands import ExitCode, run
from longtail.path_options import SourceWord

if TYPE_CHECKING:
    from experiments.commands.sweep.request import SweepRequest
    from longtail.sweep.analysis.reevaluation import Reevaluation
    from longtail.sweep.run import SweepResult

EPILOG = """\b
Examples:
  experiments/sweep.py --space lambda                       on the synthetic set
  experiments/sweep.py --space lambda --dry-run             points, rungs, iterations
  experiments/sweep.py --list                               spaces by name
  experiments/sweep.py --space lambda --train lvis_v0.5_train.json --val lvis_v0.5_val.json \\
      --images coco --workers 8 --gpus-per-worker 1 --confirm 3
  experiments/sweep.py --variant eql_rfs_r50 --search 'base_lr=loguniform(1e-4,1e-2)' \\
      --search 'clip_gradient_norm=[1,10,35]' --algorithm random --trials 30
  experiments/sweep.py --space losses --search 'tail_frequency=uniform(0.01,0.3)' \\
      --metric AP,APr                                       two metrics: a Pareto table
  experiments/sweep.py --space norcal --trials 40           trains one detector for all
  experiments/sweep.py --space alpha --trials 2000          margins, on the rows of a grid
  experiments/grid.py --variants best=runs/sweeps/lambda/best.json --seeds 0,1,2
\b
A range is loguniform(LOW,HIGH), uniform(LOW,HIGH), int(LOW,HIGH), [A,B,C] or choice(A,B,C).
Run the same command again to go on after any interruption, or with more --trials.
Exit codes: 0 done, 2 wrong usage, 3 bad input file, 4 some trials failed, 5 Ray or storage,
130 interrupted.
"""


def _metrics(_: click.Context, __: click.Parameter, text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    if not words:
        raise click.BadParameter(f"{text!r}: name at least one, as in AP or AP,APr")
    return words


@click.command(epilog=EPILOG)
@click.option("--space", metavar="NAME", help="What to vary, by name; see --list.")
@click.option(
    "--search",
    "searched",
    multiple=True,
    metavar="PATH=RANGE",
    help="A field to vary, in quotes; repeat. With --space, one more, or another range.",
)
@click.option(
    "--variant",
    metavar="NAME|FILE.json",
    help="What is varied [default: the space's; see --list]. --scale does not change a file.",
)
@click.option("--set", "assignments", multiple=True, help="path=value in every trial; repeat.")
@click.option(
    "--algorithm",
    type=click.Choice(["optuna", "random", "grid"]),
    help="How points are chosen [default: grid if all points are no more than --trials, else"
    " optuna].",
)
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    help="How many [default: 20; alpha 1000, fusion 60; a grid has all its points].",
)
@click.option(
    "--metric",
    "metrics",
    default="AP",
    show_default=True,
    callback=_metrics,
    help="What to raise, of AP, APr, APc, APf, AP_box; several as in AP,APr.",
)
@click.option(
    "--scheduler",
    metavar="[asha|median|none]",
    help="Which trials end early [default: asha where they train and there is one metric, else"
    " none].",
)
@click.option(
    "--rungs",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Evaluations of a trial, its end included.",
)
@click.option(
    "--reduction",
    type=click.IntRange(min=2),
    default=3,
    show_default=True,
    help="Of the trials at a rung, one in so many goes on; each rung is so many times the last.",
)
@click.option(
    "--concurrent",
    type=click.IntRange(min=1),
    help="Trials at a time [default: what the cluster holds; 8 a place over a shared trunk].",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of points.")
@click.option(
    "--confirm",
    "num_seeds",
    type=click.IntRange(min=1),
    metavar="N",
    help="Train the best trials again with N fresh seeds.",
)
@click.option(
    "--confirm-best",
    "num_best",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many trials --confirm trains again.",
)
@click.option("--name", help="Of the folder runs/sweeps/NAME [default: the space or variant].")
@click.option(
    "--pred",
    "preds",
    multiple=True,
    type=SourceWord(),
    metavar="NAME=PATH",
    help="Spaces alpha, fusion: a source of predictions; repeat.",
)
@click.option(
    "--grid",
    metavar="NAME",
    help="Spaces alpha, fusion: the rows of runs/grids/NAME are the sources [default: the newest].",
)
@run_options
@click.option("--list", "list_only", is_flag=True, help="List spaces, then stop.")
@click.option("--dry-run", is_flag=True, help="Print points and costs, then stop.")
def main(list_only: bool, dry_run: bool, **options: Any) -> ExitCode:
    """Search values of a variant with Ray Tune, and write the best as a variant file.

    Trials are nodes like the rows of a grid: they share first stages and frozen trunks, and what
    one trained is found by every later sweep or grid. Without --train a synthetic long-tail set is
    made and used.
    """
    if options["csv"] is not None and (list_only or dry_run):
        raise click.UsageError("--csv: nothing is run here; leave it out")
    if list_only:
        from experiments.commands.sweep.space_tables import print_spaces

        print_spaces()
        return ExitCode.DONE
    from experiments.spaces import DELEGATED_SPACES

    if options["space"] in DELEGATED_SPACES:
        from experiments.commands.sweep.run_tune import run_tune

        return run_tune(options, _given(), dry_run)
    return _sweep(options, dry_run)


def _given() -> dict[str, str]:
    """The options that the command line has, by name, as they are spelt there."""
    context = click.get_current_context()
    sources = {
        parameter: context.get_parameter_source(parameter.name or "")
        for parameter in context.command.params
    }
    return {
        parameter.name or "": parameter.opts[0]
        for parameter, source in sources.items()
        if source is ParameterSource.COMMANDLINE
    }


def _sweep(options: dict[str, Any], dry_run: bool) -> ExitCode:
    from experiments.commands.run_request import take_run_request
    from experiments.commands.sweep.request import SweepRequest
    from experiments.commands.sweep.run_tune import refuse_delegated_options

    refuse_delegated_options(options)
    num_seeds, num_best = options.pop("num_seeds"), options.pop("num_best")
    csv, reported = options.pop("csv"), not options.pop("no_report")
    request = SweepRequest(run=take_run_request(options), **options)
    if dry_run:
        from experiments.commands.sweep.estimate import print_estimate

        print_estimate(request.sweep(), request.settings())
        return ExitCode.DONE
    return _run(request, num_seeds, num_best, csv, reported)


def _run(
    request: "SweepRequest",
    num_seeds: int | None,
    num_best: int,
    csv: Path | None,
    reported: bool,
) -> ExitCode:
    sweep, settings = request.sweep(), request.settings()

    from experiments.commands.sweep.estimate import print_alike, print_outside
    from experiments.commands.sweep.next_steps import print_next
    from experiments.commands.sweep.results import write_results
    from experiments.commands.sweep.tables import print_reevaluation, print_result
    from longtail.results import table
    from longtail.results.csv import write_csv
    from longtail.sweep.analysis.analysis import analyse
    from longtail.sweep.analysis.files import write_analysis
    from longtail.sweep.analysis.margins import find_margins
    from longtail.sweep.analysis.reevaluate import reevaluate
    from longtail.sweep.run import run_sweep

    print_alike(sweep)
    print_outside(sweep)
    result = run_sweep(sweep, settings)
    trials, cost, folder = result.trials, result.cost, settings.directory
    files = write_results(folder, sweep, trials, cost)
    print_result(sweep, trials, cost)
    reevaluation = None
    if num_seeds is not None:
        reevaluation = reevaluate(sweep, trials, num_best, num_seeds, settings.grid)
        files = write_results(folder, sweep, trials, cost, reevaluation)
        print_reevaluation(reevaluation)
    if csv is not None:
        write_csv(table(folder), csv)
    analysis = analyse(sweep, trials, reevaluation, find_margins(sweep, trials, settings))
    files.append(write_analysis(folder, analysis))
    result.publisher.attach(files)
    print_next(request, files, result.publisher.published(result.statuses))
    if reported:
        from dashboards.at_end import report_at_end

        report = report_at_end(folder, click.echo)
        if report is not None:
            result.publisher.attach([report.path])
    if result.publisher.problem is None:
        from dashboards.views.write import write_views

        write_views(request.run.runs, settings.grid.experiment)
    return _ending(result, reevaluation)


def _ending(result: "SweepResult", reevaluation: "Reevaluation | None") -> ExitCode:
    failed = any(trial.state == "failed" for trial in result.trials)
    problems = () if reevaluation is None else reevaluation.problems
    broken = any(not problem.startswith("MLflow") for problem in problems)
    return ExitCode.SOME_FAILED if failed or broken else ExitCode.DONE


if __name__ == "__main__":
    run(main)
