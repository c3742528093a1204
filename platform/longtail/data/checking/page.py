"""The outcome of a check as a page: faults, counts, and the verdict last."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from longtail.commands import output_console
from longtail.data.checking.report import CheckReport
from longtail.data.checking.summary import counts_table, groups_table
from longtail.path_options import short_path
from longtail.problems import Problem, worst_first


def show(report: CheckReport) -> None:
    """Print all that was found, worst first, and what the file is fit for."""
    console = output_console()
    _list(console, "errors", report.errors_of(report.roles))
    if len(report.roles) > 1:
        for role in report.roles:
            _list(console, f"errors for {role} alone", report.errors_of([role]))
    _list(console, "warnings", worst_first(report.warnings))
    if report.summary:
        console.print(counts_table(report.summary))
        if report.summary.groups:
            console.print(groups_table(report.summary))
    if report.picture_modes:
        modes = ", ".join(f"{mode} {count}" for mode, count in report.picture_modes.items())
        _say(console, f"pictures: {modes}")
    if report.judging:
        _say(console, report.judging.text)
    _say(console, f"{short_path(Path(report.file))}: {report.verdict}")


def _list(console: Console, title: str, problems: Sequence[Problem]) -> None:
    if problems:
        _say(console, "\n".join([f"{title}:", *(f"  {problem}" for problem in problems), ""]))


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
