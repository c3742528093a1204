"""Command: results of any kind as one page that needs no network."""

from functools import partial
from pathlib import Path

import click

from dashboards.source_options import categories_option, images_option, pred_option
from longtail.commands import run
from longtail.data.lvis.exhaustive_option import exhaustive_option
from longtail.path_options import (
    AbsolutePath,
    NewPage,
    NewPath,
    force_option,
    short_path,
)


@click.command()
@click.argument("sources", type=AbsolutePath(), nargs=-1)
@click.option("--out", type=NewPage(), required=True, help="The HTML file to write.")
@click.option(
    "--ann",
    type=AbsolutePath(exists=True, dir_okay=False),
    help="LVIS annotation file that judges --pred; for pictures, where a source does not name it.",
)
@pred_option
@click.option(
    "--experiment", metavar="NAME", help="Finished evaluations of this MLflow experiment are rows."
)
@click.option(
    "--runs",
    default="runs",
    envvar="LONGTAIL_RUNS",
    show_default=True,
    type=AbsolutePath(file_okay=False),
    help="The runs folder, which has MLflow's store unless MLFLOW_TRACKING_URI is set.",
)
@images_option
@categories_option
@click.option("--no-pictures", is_flag=True, help="Leave pictures out.")
@click.option(
    "--baseline",
    metavar="ROW",
    help="Row that others are compared with [default: the grid's, else the first].",
)
@click.option("--title", default="", help="Heading [default: names of the sources].")
@click.option(
    "--export",
    "exported",
    type=NewPath(file_okay=False, holds="figures.json"),
    help="Folder for every figure as SVG, PDF and PNG, and every table as CSV and LaTeX.",
)
@exhaustive_option
@force_option
def main(
    sources: tuple[Path, ...],
    out: Path,
    ann: Path | None,
    preds: tuple[str, ...],
    experiment: str | None,
    runs: Path,
    images: Path | None,
    categories: tuple[str, ...],
    no_pictures: bool,
    baseline: str | None,
    title: str,
    exported: Path | None,
    exhaustive: bool,
) -> None:
    """Show results as one page: which is best, whether for real, and what fails.

    SOURCES are folders: of a grid (runs/grids/NAME), a sweep (runs/sweeps/NAME), a merge or a
    search (what ensemble.merge and ensemble.tune wrote), an evaluation. Result files of any tool
    are given by --pred, and judged by --ann.

    \b
    Examples:
      python -m dashboards.report runs/grids/eql_2019_3 --out report.html
      python -m dashboards.report runs/grids/eql_2019_3 runs/merged --out report.html
      python -m dashboards.report --ann val.json --pred old=old.json --pred new=new.json \\
          --images val2017 --out report.html
      python -m dashboards.report --experiment longtail --out report.html
      python -m dashboards.report runs/grids/eql_2019_3 --out report.html --export paper
    """
    if not (sources or preds or experiment):
        raise click.UsageError("nothing to show; give SOURCES, --pred with --ann, or --experiment")
    if preds and ann is None:
        raise click.UsageError("--pred: name what results are judged by with --ann")

    from dashboards.pages.report import Pictures, write_report
    from dashboards.sources.combine import combine
    from dashboards.sources.open import open_source
    from dashboards.sources.pictures import picture_source

    say = partial(click.echo, err=True)
    found = [open_source(path) for path in sources]
    if preds and ann is not None:
        from dashboards.sources.results import read_results
        from ensemble.sources.finished_result import parse_results

        found.append(read_results(ann, parse_results(preds), say, exhaustive=exhaustive))
    if experiment is not None:
        from dashboards.sources.experiment import read_experiment

        found.append(read_experiment(experiment, runs))
    report = combine(title, found, baseline)
    source = picture_source(report.sources, ann, images, exhaustive)
    write_report(report, out, None if no_pictures else Pictures(source, categories))
    if exported is not None:
        from dashboards.pages.export import export_report

        count = export_report(report, exported)
        click.echo(f"{exported}: {count} figures and tables")
    click.echo(f"report {short_path(out)}")


if __name__ == "__main__":
    run(main)
