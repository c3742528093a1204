"""What to type after a sweep."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from experiments.commands.next_steps import on_lines, print_command, print_mlflow
from experiments.commands.sweep.request import SweepRequest
from experiments.commands.sweep.results import BEST
from longtail.cluster.results.published import Published
from longtail.commands import output_console
from longtail.path_options import short_path


def print_next(request: SweepRequest, files: Sequence[Path], published: Published) -> None:
    """Commands that go on from a sweep.

    Args:
        request: What was asked for.
        files: What the sweep left in its folder.
        published: What MLflow has.
    """
    by_name = {path.name: path for path in files}
    output_console().print("\nnext", style="bold")
    if BEST in by_name:
        row = f"--variants {shlex.quote(f'best={short_path(by_name[BEST])}')}"
        words = ["experiments/grid.py", row, "--seeds 0,1,2", *request.run.words()]
        print_command("the best with more seeds", on_lines(words))
    print_mlflow(request.run.runs, published, "sweep")
    print_command("more trials", "the same command with a higher --trials; those here are kept")
