"""Command: MLflow's page over a runs folder, with links that open what is worth a look."""

import webbrowser
from pathlib import Path

import click

from longtail.commands import ExitCode, Terminated, run
from longtail.path_options import AbsolutePath

EPILOG = """\b
Examples:
  make ui
  python -m dashboards.ui --runs /shared/runs
  python -m dashboards.ui --port 8080 --open
\b
On another machine: ssh -L 5000:127.0.0.1:5000 MACHINE, then open the links here.
Ctrl-C ends it.
"""


@click.command(epilog=EPILOG)
@click.option(
    "--runs",
    type=AbsolutePath(file_okay=False),
    default="runs",
    envvar="LONGTAIL_RUNS",
    show_default=True,
    help="Has MLflow's store.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=5000,
    show_default=True,
    help="Or the next free one.",
)
@click.option("--experiment", help="Whose views are linked [default: the one that ran last].")
@click.option("--open", "opens", is_flag=True, help="Open the first link in the web browser.")
def main(runs: Path, port: int, experiment: str | None, opens: bool) -> ExitCode:
    """Serve MLflow on 127.0.0.1 and print links: views of the experiment that ran last, reports.

    It needs half a gigabyte of memory and ends with Ctrl-C. Where MLFLOW_TRACKING_URI names a
    server, that one is linked and none is started.
    """
    from dashboards.views.links import Link
    from dashboards.views.server import free_port, served
    from dashboards.views.write import write_views
    from longtail.tracking.address import redacted, sqlite_file, tracking_uri
    from longtail.tracking.experiment import Experiment, newest_experiment

    uri = tracking_uri(runs)
    name = newest_experiment(uri) if experiment is None else Experiment(uri, experiment).name
    store = sqlite_file(uri)

    def show(server: str) -> None:
        links = (write_views(runs, name) if name else []) or [Link("MLflow", "")]
        click.echo(f"MLflow {redacted(server)}" + (f", experiment {name}" if name else ""))
        for link in links:
            click.echo(f"  {link.name:<17} {redacted(link.at(server))}")
        _print_reports(runs)
        if opens:
            webbrowser.open(links[0].at(server))

    if store is None:
        show(uri)
        return ExitCode.DONE
    free = free_port(port)
    if free != port:
        click.echo(f"port {port} is taken; MLflow is on {free}", err=True)
    with served(store.absolute(), free) as server:
        try:
            server.wait_until_ready()
            show(server.address)
            click.echo("Ctrl-C ends it")
            server.process.wait()
        except (KeyboardInterrupt, Terminated):
            return ExitCode.DONE
    click.echo("error: MLflow's server ended", err=True)
    return ExitCode.INFRASTRUCTURE


def _print_reports(runs: Path) -> None:
    from dashboards.views.reports import newest_reports

    reports = newest_reports(runs)
    if reports:
        click.echo("newest reports")
    for path in reports:
        click.echo(f"  {path.as_uri()}")


if __name__ == "__main__":
    run(main)
