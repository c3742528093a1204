#!/usr/bin/env python
"""Train, predict and evaluate variants; every node once, whatever crashes in between."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from experiments.commands.run_options import run_options
from longtail.commands import ExitCode, run
from longtail.path_options import SourceWord

if TYPE_CHECKING:
    from experiments.commands.grid.request import GridRequest

EPILOG = """\b
Examples:
  experiments/grid.py                                      four variants on the synthetic set
  experiments/grid.py --dry-run                            the nodes it would run, and their cost
  experiments/grid.py --dry-run --pace 7.7 --pace htc=3.5  by so many images/s of a worker
  experiments/grid.py --dry-run --preview                  and pictures of what they learn from
  experiments/grid.py --list                               variants and tables by name
  experiments/grid.py --fields                             what --set can set
  experiments/grid.py --table eql_2019_3 --train lvis_v1_train.json \\
      --val lvis_v1_val.json --images coco --workers 8 --gpus-per-worker 1
  experiments/grid.py --table eql_2019_3 --train lvis_v1_train --val lvis_v1_val
                                                           by the names that detectron2 knows
  experiments/grid.py --variants eql_r50 --seeds 0,1,2 \\
      --set stages.0.classifier.tail_frequency=1e-3
  experiments/grid.py --variants eql_r50,eql_d2=eql_r50 --set eql_d2:engine=detectron2
  experiments/grid.py --variants best=runs/sweeps/lambda/best.json --seeds 0,1,2
                                                           what a sweep found, with more seeds
  experiments/grid.py --variants eql_r50,soup=stage-0123456789ab
                                                           beside a finished training
  experiments/grid.py --variants eql_r50 --train train.json --val val.json \\
      --images images --pred old=results.json               beside another tool's result
  experiments/grid.py --val val.json --pred a=a.json --pred b=b.json
                                                           results alone, compared
  experiments/grid.py --val val.json --pred a=a.json --pred b=b.json --merge both=a+b
                                                           and merged
  ray job submit --working-dir . --runtime-env experiments/jobs/runtime_env.yaml \\
      -- experiments/grid.py --runs /shared/runs
\b
Run the same command again to go on after any interruption: finished nodes are skipped.
Exit codes: 0 done, 2 wrong usage, 3 bad input file, 4 some rows failed or lack what they
need, 5 Ray or storage, 130 interrupted.
"""


def _names(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip()) if text else ()


def _seeds(_: click.Context, parameter: click.Parameter, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(word) for word in text.split(","))
    except ValueError:
        raise click.BadParameter(f"{text!r}: expected numbers as in 0,1,2") from None


@click.command(epilog=EPILOG)
@click.option(
    "--variants",
    callback=_names,
    help="Names, comma-separated; see --list. ROW=NAME is a row of another name, ROW=FILE.json a"
    " variant of its own, as a sweep leaves it; --scale does not change a file. ROW=stage-... (a"
    " node of --runs) or ROW=FOLDER is a finished training, which predicts and is not trained.",
)
@click.option("--table", help="Every row of a report's table [default: eql_2019_3].")
@click.option("--list", "list_only", is_flag=True, help="List variants and tables, then stop.")
@click.option("--fields", "fields_only", is_flag=True, help="List what --set can set, then stop.")
@click.option(
    "--set",
    "assignments",
    multiple=True,
    help="path=value for every row, ROW:path=value for one; repeat.",
)
@click.option("--seeds", default="0", callback=_seeds, show_default=True, help="As in 0,1,2.")
@click.option("--baseline", metavar="ROW", help="Compare rows with this one [default: the first].")
@click.option(
    "--pred",
    "preds",
    multiple=True,
    type=SourceWord(),
    metavar="NAME=PATH[,OPTION=VALUE...]",
    help="A row of a finished result: result JSON (.json, .json.gz, .zip), detectron2's .pth or a"
    " store, checked and evaluated first. NAME: letters, digits, '.', '_' and '-'. Options:"
    " categories=FILE or coco, max_score=. Repeat for each; without variants it needs --val alone.",
)
@click.option(
    "--merge",
    "merges",
    multiple=True,
    metavar="NAME=ROW+ROW[,key=value...]",
    help="A row that merges other rows (of --variants, --table or --pred) as ensemble.merge does;"
    " keys are those of a merge.yaml, and calibrate=half. NAME=FILE.yaml has rows for sources."
    " ROW@SEED is one of a row's seeds. Repeat for each.",
)
@run_options
@click.option(
    "--pace",
    "paces",
    multiple=True,
    metavar="[ROW=]IMAGES_PER_S",
    help="With --dry-run: images a second of one worker in training, by which hours are counted;"
    " repeat for rows of other networks [default: that of finished nodes in --runs].",
)
@click.option("--dry-run", is_flag=True, help="Print the nodes it would run, then stop.")
@click.option(
    "--preview",
    is_flag=True,
    help="With --dry-run: write what each stage learns from as pictures to RUNS/previews.",
)
def main(
    list_only: bool,
    fields_only: bool,
    dry_run: bool,
    preview: bool,
    paces: tuple[str, ...],
    csv: Path | None,
    no_report: bool,
    **options: Any,
) -> ExitCode:
    """Train, predict and evaluate variants on a Ray cluster and rank them in one table.

    Finished results of any program (--pred) and merges of rows (--merge) are rows of it, too.
    Without --train and --val a synthetic long-tail set is made and used.
    """
    if csv is not None and (list_only or fields_only or dry_run):
        raise click.UsageError("--csv: nothing is run here; leave it out")
    if preview and not dry_run:
        raise click.UsageError("--preview: goes with --dry-run; add it")
    if paces and not dry_run:
        raise click.UsageError("--pace: goes with --dry-run; add it")
    if list_only:
        from experiments.commands.catalogue import print_catalogue

        print_catalogue()
        return ExitCode.DONE
    if fields_only:
        from experiments.commands.field_list import print_fields

        print_fields()
        return ExitCode.DONE
    from experiments.commands.grid.request import GridRequest
    from experiments.commands.run_request import take_run_request

    request = GridRequest(run=take_run_request(options), **options)
    return _dry_run(request, paces, preview) if dry_run else _run(request, csv, not no_report)


def _dry_run(request: "GridRequest", paces: tuple[str, ...], preview: bool) -> ExitCode:
    from experiments.commands.grid.cost_table import print_costs
    from experiments.commands.grid.left_out import print_left_out
    from experiments.commands.grid.plan_table import print_plan
    from experiments.commands.grid.stated_paces import parse_paces
    from longtail.cluster.costs.estimate import estimate_costs
    from longtail.cluster.nodes.statuses import look_up
    from longtail.cluster.work.take_results import check_results

    plan, resources, runs = request.plan(), request.run.resources, request.run.runs
    stated = parse_paces(paces, dict.fromkeys(row.variant_name for row in plan.rows))
    statuses = look_up(plan, runs)
    costs = estimate_costs(plan, statuses, stated, resources, runs)
    check_results(plan, statuses, partial(click.echo, err=True))
    print_plan(plan, statuses)
    print_costs(costs, resources, runs)
    print_left_out(request.left_out)
    if preview:
        from experiments.commands.previews import preview_rows

        rows = {row.name: row.variant for row in plan.rows}
        preview_rows(rows, plan.data, request.run.runs / "previews")
    return ExitCode.DONE


def _run(request: "GridRequest", csv: Path | None, shown: bool) -> ExitCode:
    plan, settings = request.plan(), request.settings()

    from experiments.commands.grid.beside_report import print_beside_reports
    from experiments.commands.grid.difference_table import find_differences, print_differences
    from experiments.commands.grid.left_out import print_left_out
    from experiments.commands.grid.low_scores import print_low_scores
    from experiments.commands.grid.report_steps import orders_of
    from experiments.commands.grid.result_tables import (
        print_failures,
        print_merges,
        print_next_steps,
        print_ranking,
        print_seeds,
    )
    from longtail.cluster.grid import attach, run_grid
    from longtail.cluster.nodes.statuses import State
    from longtail.cluster.results.named_results import write_links

    print_left_out(request.left_out)
    statuses, published = run_grid(plan, settings)
    runs, reported, baseline = request.run.runs, request.reported(), request.baseline_of(plan)
    print_seeds(plan, statuses, runs)
    orders = list(orders_of(reported).values())
    differences = find_differences(baseline, plan, statuses, runs, orders)
    print_differences(differences.to_baseline, baseline)
    print_ranking(plan, statuses, runs, request.left_out)
    print_beside_reports(reported, plan, statuses, differences, runs)
    print_merges(plan, statuses, runs)
    print_low_scores(plan, statuses, runs)
    print_failures(plan, statuses)
    print_left_out(request.left_out)
    named = settings.name, settings.experiment
    grid = write_links(
        plan,
        statuses,
        runs,
        *named,
        differences.to_baseline,
        reported,
        settings.resources,
        request.left_out,
    )
    if csv is not None:
        # They are made with pandas, which a grid needs for nothing else.
        from longtail.results import table
        from longtail.results.csv import write_csv

        write_csv(table(grid), csv)
    print_next_steps(plan, statuses, runs, grid, published)
    if shown:
        from dashboards.at_end import report_at_end

        report = report_at_end(grid, click.echo)
        if report is not None and (report.is_new or published.asked):
            attach(plan, settings, published, [report.path])
    if published.problem is None:
        from dashboards.views.write import write_views

        write_views(runs, settings.experiment)
    whole = all(item.state is State.DONE for item in statuses.values()) and not request.left_out
    return ExitCode.DONE if whole else ExitCode.SOME_FAILED


if __name__ == "__main__":
    run(main)
