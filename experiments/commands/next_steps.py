"""Commands that a table ends with, as they are to be typed."""

import shlex
from pathlib import Path

from rich.markup import escape

from longtail.cluster.results.published import Published
from longtail.commands import output_console
from longtail.path_options import short_path, typed
from longtail.tracking.address import SQLITE, redacted, sqlite_file, tracking_uri

REPOSITORY = Path(__file__).resolve().parents[2]


def print_command(purpose: str, command: str) -> None:
    """What for, and below it what to type."""
    text = f"  [dim]{purpose}[/dim]\n    {escape(command)}"
    output_console().print(text, highlight=False, soft_wrap=True)


def on_lines(words: list[str]) -> str:
    """A command that is continued from line to line."""
    return " \\\n      ".join(words)


def mlflow_command(runs: Path) -> str:
    """How to look at what MLflow has: `make ui` where the Makefile is, else what that calls."""
    uri = tracking_uri(runs)
    file = sqlite_file(uri)
    if file is None:
        return f"open {redacted(uri)}"
    if Path.cwd() == REPOSITORY and file == runs / "mlflow.db":
        return "make ui" if runs == REPOSITORY / "runs" else f"make ui RUNS={typed(runs)}"
    if file == runs / "mlflow.db":
        return f"python -m dashboards.ui --runs {typed(runs)}"
    store = shlex.quote(SQLITE + short_path(file))
    return f"mlflow server --host 127.0.0.1 --port 5000 --backend-store-uri {store}"


def print_mlflow(runs: Path, published: Published, kind: str) -> None:
    """How to look at what MLflow has, where that is, and what it lacks.

    Args:
        runs: The runs folder.
        published: What MLflow has.
        kind: `grid` or `sweep`.
    """
    print_command("compare in MLflow", mlflow_command(runs))
    if published.elsewhere:
        output_console().print(
            f"    a run stays in the experiment where it was made first: {published.elsewhere}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    if published.problem:
        # Last, and in words of MLflow's, which are no markup.
        output_console().print(f"MLflow lacks part of this {kind}", style="yellow", end=" ")
        output_console().print(
            f"({published.problem}); the same command again uploads it",
            highlight=False,
            markup=False,
        )
