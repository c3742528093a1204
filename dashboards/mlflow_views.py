"""Command: saved views and descriptions of an experiment on MLflow's own page."""

from pathlib import Path

import click

from longtail.commands import run
from longtail.path_options import AbsolutePath

EPILOG = """\b
Examples:
  python -m dashboards.mlflow_views longtail
  python -m dashboards.mlflow_views longtail --runs /shared/runs
  MLFLOW_TRACKING_URI=https://mlflow.example.org MLFLOW_TRACKING_TOKEN=... \\
      python -m dashboards.mlflow_views lvis
"""


@click.command(epilog=EPILOG)
@click.argument("experiment")
@click.option(
    "--runs",
    type=AbsolutePath(file_okay=False),
    default="runs",
    envvar="LONGTAIL_RUNS",
    show_default=True,
    help="Has MLflow's store, unless MLFLOW_TRACKING_URI is set.",
)
@click.option(
    "--server",
    metavar="URL",
    help="Where links lead that are printed [default: MLFLOW_TRACKING_URI, else where make ui"
    " serves].",
)
def main(experiment: str, runs: Path, server: str | None) -> None:
    """Write the saved views of an MLflow EXPERIMENT, and print links that open them.

    Views: the rows as a table, means over seeds, AP against APr, the difference from the first
    row, and the trials of the newest search. The experiment and its grids get descriptions with
    these links and the rows by falling AP. Writing again brings all of it up to date.
    """
    from dashboards.views.links import LOCAL
    from dashboards.views.write import brought
    from longtail.tracking.address import redacted, tracking_uri

    uri = tracking_uri(runs)
    written = brought(uri, experiment)
    if written.problem is not None:
        click.echo(f"warning: {written.problem}", err=True)
    served = uri if uri.startswith("http") else LOCAL
    if not written.links:
        click.echo(f"{experiment}: no evaluations and no search yet, so there is nothing to view")
    for link in written.links:
        click.echo(f"{link.name:<17} {redacted(link.at(server or served))}")
    if served == LOCAL and server is None and written.links:
        click.echo("they open once `make ui`, or python -m dashboards.ui, serves that store")


if __name__ == "__main__":
    run(main)
