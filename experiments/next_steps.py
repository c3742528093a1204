"""Commands that a table ends with, as they are to be typed."""

from pathlib import Path

from longtail.commands import output_console
from longtail.tracking import tracking_uri

console = output_console()


def print_command(purpose: str, command: str) -> None:
    """What for, and below it what to type."""
    console.print(f"  [dim]{purpose}[/dim]\n    {command}", highlight=False, soft_wrap=True)


def on_lines(words: list[str]) -> str:
    """A command that is continued from line to line."""
    return " \\\n      ".join(words)


def short_path(path: Path) -> str:
    """Relative to the working directory where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def mlflow_command(runs: Path) -> str:
    """How to look at what MLflow has."""
    uri, prefix = tracking_uri(runs), "sqlite:///"
    if not uri.startswith(prefix):
        return f"open {uri}"
    return f"mlflow ui --backend-store-uri {prefix}{short_path(Path(uri.removeprefix(prefix)))}"
