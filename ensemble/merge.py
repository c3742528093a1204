"""Merge the predictions of many models and test scales into one submission."""

from pathlib import Path
from typing import Any

import click

from ensemble.merging.options import settings_of, settings_options
from longtail.commands import no_report_option, run
from longtail.path_options import AbsolutePath, ResultTable, SharedPath, SourceWord, remember_force

NOT_IN_FILE = ("config", "out", "csv", "no_report", "dry_run", "force", "help")


def _read_config(context: click.Context, _: click.Parameter, path: Path | None) -> Path | None:
    """Let a merge.yaml give the defaults of the other options."""
    if path is not None:
        from ensemble.merging.config_file import read_merge_file

        names = {str(p.name): _key(str(p.name)) for p in context.command.params}
        known = {key: name for name, key in names.items() if name not in NOT_IN_FILE}
        given = read_merge_file(path, known)
        words = given.pop("pred", None)
        context.obj = words if isinstance(words, list) else [words] if words else []
        context.default_map = {known[key]: value for key, value in given.items()}
    return path


def _key(name: str) -> str:
    """The name in a merge.yaml of what a parameter is called here."""
    return {"preds": "pred", "zipped": "zip", "use_ray": "ray"}.get(name, name)


@click.command()
@click.option(
    "--pred",
    "preds",
    multiple=True,
    type=SourceWord(),
    metavar="NAME=PATH[,OPTION=VALUE...]",
    help="A source: result JSON (.json, .json.gz, .zip), detectron2's .pth, store, or a pattern of "
    "files that together are one source. Options: weight=, max_score=, scale=, "
    "valid_area=low:high, categories=FILE or coco, groups=r,c,f or bins by training instances, "
    "such as 0001-0009,0010-0099. Repeat for each.",
)
@click.option(
    "--ann",
    type=SharedPath(),
    required=True,
    help="LVIS file with images and categories: annotations, or image_info of a test set.",
)
@click.option(
    "--out",
    type=SharedPath(file_okay=False, writes=True),
    required=True,
    help="Result folder.",
)
@click.option(
    "--config",
    type=AbsolutePath(),
    is_eager=True,
    callback=_read_config,
    help="merge.yaml of another merge; options given here come before it.",
)
@settings_options
@click.option(
    "--num-workers",
    type=int,
    help="Most processes on this machine; few detections need none.  [default: one a processor]",
)
@click.option("--ray", "use_ray", is_flag=True, help="Run on a Ray cluster instead.")
@click.option("--address", help="Of the Ray cluster.  [default: RAY_ADDRESS, else a local one]")
@click.option(
    "--experiment",
    help="MLflow experiment to record the merge in [default: that of the grid, if a source is its"
    " row; else none]; the store is LONGTAIL_RUNS's.",
)
@click.option("--csv", type=ResultTable(), help="Write AP of sources and steps here, too, as CSV.")
@no_report_option
@click.option("--dry-run", is_flag=True, help="Check and count everything, write nothing.")
@click.option(
    "--force",
    is_flag=True,
    is_eager=True,
    callback=remember_force,
    help="Replace the merge that the folder holds.",
)
@click.pass_context
def main(
    context: click.Context,
    /,
    preds: tuple[str, ...],
    ann: Path,
    out: Path,
    config: Path | None,
    num_workers: int | None,
    use_ray: bool,
    address: str | None,
    experiment: str | None,
    csv: Path | None,
    no_report: bool,
    dry_run: bool,
    force: bool,
    **options: Any,
) -> None:
    """Merge the predictions of many models and test scales into one submission.

    The folder gets submission.json, stats.json, merge.yaml (the settings, for --config), merge.json
    (settings and digests of the inputs), the merged predictions as a store, result.json when all
    of it is complete, and report.html, which shows it. The same command goes on after an
    interruption, and does nothing on a finished folder.

    \b
    Examples:
      python -m ensemble.merge --pred a=a.json --pred b=b.json.gz,weight=2 \\
          --ann lvis_v1_val.json --out merged
      python -m ensemble.merge --pred s800=p/800,scale=800,valid_area=64: \\
          --pred s1200=p/1200,scale=1200,valid_area=:512 --mask scale --ann val.json --out merged
      python -m ensemble.merge --config merged/merge.yaml --pred a=test/a.json \\
          --ann lvis_v1_image_info_test_dev.json --out test

    See also: python -m ensemble.validate --help, python -m ensemble.calibrate --help
    """
    from ensemble import merge_job as job
    from ensemble.merging.request import Request
    from ensemble.merging.workers import Place
    from ensemble.sources.spec import parse_sources
    from longtail.evaluation.compiling import telling_of_compilation

    specs = parse_sources(preds, base=context.obj or ())
    settings, resolved = settings_of(options, len(specs))
    if settings.fusion.method != options["method"]:
        used, asked = settings.fusion.method, options["method"]
        click.echo(f"warning: one source: {used} is used, {asked} averages several", err=True)
    written: dict[str, Any] = {"pred": [spec.word() for spec in specs], "ann": str(ann)}
    # In the order of the help text; click gives them in that of the command line.
    for name in (str(parameter.name) for parameter in context.command.params):
        if name in resolved:
            written[_key(name)] = resolved[name]
    asked_for = Request(specs, ann, settings, written)
    place = Place(num_workers, use_ray, address)
    if csv is not None and (dry_run or not asked_for.is_evaluated()):
        raise click.UsageError("--csv: nothing is evaluated here; leave it out")
    with telling_of_compilation(job.messages.print):
        if dry_run:
            job.dry_run(asked_for)
        else:
            job.run(asked_for, out, place, force, experiment, not no_report)
            if csv is not None:
                _write_csv(out, csv)


def _write_csv(out: Path, csv: Path) -> None:
    from longtail.results import table
    from longtail.results.csv import write_csv

    write_csv(table(out), csv)


if __name__ == "__main__":
    run(main)
