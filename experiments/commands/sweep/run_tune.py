"""The spaces over finished predictions: handed over to `python -m ensemble.tune`."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from experiments.commands.run_request import take_run_request
from longtail.cluster.nodes.ledger import read_record
from longtail.commands import ExitCode
from longtail.files import sha256_of
from longtail.path_options import short_path
from longtail.sweep.defined import check_metrics
from longtail.sweep.settings import sweep_directory

MARGIN_TRIALS = 1000
FUSION_TRIALS = 60
USED = {
    *("space", "preds", "grid", "val", "metrics", "trials", "seed", "concurrent", "name"),
    *("resamples", "runs", "address", "experiment", "exhaustive", "no_report", "dry_run"),
}
"""Options that say something about finished predictions."""
OF_DELEGATED = {"preds": "--pred", "grid": "--grid"}


def refuse_delegated_options(options: dict[str, Any]) -> None:
    """Take the options of these spaces out of a sweep's.

    Raises:
        ValueError: One of them was given.
    """
    given = [name for key, name in OF_DELEGATED.items() if options.pop(key)]
    if given:
        raise ValueError(f"{given[0]}: for --space alpha and fusion; leave it out")


def run_tune(options: dict[str, Any], given: Mapping[str, str], dry_run: bool) -> ExitCode:
    """Become `python -m ensemble.tune`; a dry run prints the command.

    Args:
        options: Values of all options.
        given: Those that the command line has, and how they are spelt there.
        dry_run: Whether to print only.

    Raises:
        ValueError: Options that say nothing here, no predictions, or a metric that the annotations
            do not define; where it is not a dry run, `ensemble.tune` tells the latter.
    """
    if unused := [spelt for name, spelt in given.items() if name not in USED]:
        raise ValueError(
            f"{unused[0]}: --space {options['space']} searches a merge of finished predictions;"
            " leave it out"
        )
    command, runs = tune_command(options, is_recorded_where_asked="experiment" in given)
    click.echo(shlex.join(["python", *command]))
    if dry_run:
        annotations = Path(command[command.index("--ann") + 1])
        check_metrics(options["metrics"], annotations, exhaustive=options["exhaustive"])
        return ExitCode.DONE
    sys.stdout.flush()
    os.execve(
        sys.executable, [sys.executable, *command], {**os.environ, "LONGTAIL_RUNS": str(runs)}
    )


def tune_command(
    options: dict[str, Any], *, is_recorded_where_asked: bool = False
) -> tuple[list[str], Path]:
    """The words after `python`, and the runs folder.

    Args:
        options: Values of all options.
        is_recorded_where_asked: The command line names an MLflow experiment; else it is that of
            the grid whose rows are merged.

    Raises:
        ValueError: There are no predictions, or they are of another file.
    """
    space = options["space"]
    run = take_run_request(dict(options))
    sources = options["preds"] or _rows(run.runs, options["grid"])
    annotations = run.val or run.runs / "data" / "synthetic" / "val.json"
    if not annotations.is_file() or (options["preds"] and not run.val):
        raise ValueError(
            f"--space {space}: give the path of the annotations that the predictions are for with"
            " --val"
        )
    if not options["preds"]:
        _check_images(sources, annotations)
    words = [word for source in sources for word in ("--pred", source)]
    words += ["--ann", str(annotations), "--metric", ",".join(options["metrics"])]
    words += ["--seed", str(options["seed"]), "--resamples", str(run.resamples)]
    words += ["--exhaustive"] if run.exhaustive else []
    words += ["--experiment", run.experiment] if is_recorded_where_asked else []
    words += ["--no-report"] if options["no_report"] else []
    words += ["--out", short_path(sweep_directory(run.runs, options["name"] or space))]
    if space == "alpha":
        words += ["--search", "margins"]
        words += ["--margin-trials", str(options["trials"] or MARGIN_TRIALS)]
    else:
        words += ["--trials", str(options["trials"] or FUSION_TRIALS)]
    for name, value in (("--address", run.address), ("--num-workers", options["concurrent"])):
        words += [name, str(value)] if value else []
    return ["-m", "ensemble.tune", *words], run.runs


def _rows(runs: Path, grid: str | None) -> list[str]:
    """The rows of a grid as sources, by name."""
    grids = runs / "grids"
    if grid is None:
        tables = sorted(grids.glob("*/table.json"), key=lambda path: path.stat().st_mtime)
        if not tables:
            raise ValueError(
                f"{grids}: no grid ran yet; run experiments/grid.py first, or give predictions with"
                " --pred NAME=PATH"
            )
        grid = tables[-1].parent.name
    folders = sorted((grids / grid).glob("*/predictions"))
    if not folders:
        raise ValueError(f"--grid {grid}: no finished rows in {grids / grid}")
    return [f"{folder.parent.name}={short_path(folder)}" for folder in folders]


def _check_images(sources: list[str], annotations: Path) -> None:
    """Predictions of a grid are for the file whose digest their nodes name."""
    digest = sha256_of(annotations)
    for source in sources:
        folder = Path(source.partition("=")[2])
        node = read_record(folder.resolve().parent)
        if node["inputs"]["images"] != digest:
            raise ValueError(
                f"{folder}: predictions of another file than {annotations}; give the grid's own"
                " with --val, or its sources with --grid or --pred"
            )
