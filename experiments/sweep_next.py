"""What to type after a sweep."""

from collections.abc import Sequence
from pathlib import Path

from experiments.next_steps import mlflow_command, on_lines, print_command, short_path
from experiments.sweep_request import SweepRequest
from experiments.sweep_results import BEST
from longtail.commands import output_console
from longtail.sweep.analysis_file import PAGE

console = output_console()


def print_next(request: SweepRequest, files: Sequence[Path], mlflow_problem: str | None) -> None:
    """Commands that go on from a sweep.

    Args:
        request: What was asked for.
        files: What the sweep left in its folder.
        mlflow_problem: Why MLflow lacks something; None if it lacks nothing.
    """
    by_name = {path.name: path for path in files}
    console.print("\nnext", style="bold")
    if BEST in by_name:
        row = f"--variants best={short_path(by_name[BEST])}"
        words = ["experiments/grid.py", row, "--seeds 0,1,2", *request.run.words()]
        print_command("the best with more seeds", on_lines(words))
    print_command("what the sweep found, as a page", short_path(by_name[PAGE]))
    print_command("compare in MLflow", mlflow_command(request.run.runs))
    print_command("more trials", "the same command with a higher --trials; those here are kept")
    if mlflow_problem:
        console.print(
            f"[yellow]MLflow lacks part of this sweep[/yellow] ({mlflow_problem});"
            " the same command again uploads it",
            highlight=False,
        )
