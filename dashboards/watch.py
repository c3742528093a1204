"""Command: a grid or sweep while it runs, in a terminal or as a small page."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from longtail.commands import ExitCode, Terminated, run
from longtail.path_options import AbsolutePath, NewPage, force_option

if TYPE_CHECKING:
    from rich.console import Console

    from dashboards.live.follow import Look

EPILOG = """\b
Examples:
  python -m dashboards.watch runs
  python -m dashboards.watch /shared/runs --grid eql_2019_3
  python -m dashboards.watch runs --once > now.txt
  python -m dashboards.watch runs --html progress.html
\b
Ctrl-C ends it, not what it watches. Without a terminal it prints once.
"""


@click.command(epilog=EPILOG)
@click.argument("runs", type=AbsolutePath(exists=True, file_okay=False))
@click.option("--grid", "name", metavar="NAME", help="A grid or sweep [default: the newest].")
@click.option("--html", "page", type=NewPage(), help="Keep a page up to date instead.")
@click.option("--once", is_flag=True, help="Print once, then stop.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.2),
    default=1.0,
    show_default=True,
    help="Seconds between looks.",
)
@force_option
def main(runs: Path, name: str | None, page: Path | None, once: bool, interval: float) -> ExitCode:
    """Watch a grid or sweep of the folder RUNS: how far, how fast, what failed, what waits.

    Only files are read, and of journals only what is new, so it works on any machine that sees the
    storage, before, while and after the grid runs. With --html it ends when the grid has.
    """
    from dashboards.live.follow import following
    from longtail.commands import output_console

    look, console = following(runs, name), output_console()
    try:
        if page is not None:
            _keep_page(look, page, once, interval)
        elif once or not console.is_terminal:
            from dashboards.live.screen import screen

            sight = look(time.time())
            console.print(screen(sight, console.width, len(sight.nodes) + 20))
        else:
            _redraw(look, console, interval)
    except (KeyboardInterrupt, Terminated):
        return ExitCode.DONE
    return ExitCode.DONE


def _redraw(look: "Look", console: "Console", interval: float) -> None:
    from rich.live import Live

    from dashboards.live.screen import screen

    with Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            sight = look(time.time())
            live.update(screen(sight, console.width, console.height), refresh=True)
            time.sleep(interval)


def _keep_page(look: "Look", page: Path, once: bool, interval: float) -> None:
    from dashboards.live.page import watch_page
    from longtail.files import write_text

    sight = look(time.time())
    write_text(page, watch_page(sight))
    click.echo(f"{page}: open it in a browser; it loads itself again", err=True)
    while not (once or sight.is_over):
        time.sleep(interval)
        sight = look(time.time())
        write_text(page, watch_page(sight))


if __name__ == "__main__":
    run(main)
