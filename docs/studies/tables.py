"""The tables of a study, in points, and its figures as plain values."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from docs.studies.row_differences import PairDifference, RowMean

Means = Mapping[str, Mapping[str, RowMean]]
Differences = Mapping[tuple[str, str], Mapping[str, PairDifference]]


def print_means(means: Means, headings: Mapping[str, str]) -> None:
    """Mean +- standard deviation over seeds, and the interval over images.

    Args:
        means: By row, then metric.
        headings: What the table calls the metrics, in the order of its columns.
    """
    _print_header("row", headings)
    for name, of in means.items():
        cells = [
            f"{100 * m.mean:.1f} +- {100 * m.sd:.1f} ({100 * m.low:.1f} to {100 * m.high:.1f})"
            for m in (of[metric] for metric in headings)
        ]
        click.echo(f"| {name} | " + " | ".join(cells) + " |")


def print_differences(differences: Differences, headings: Mapping[str, str]) -> None:
    """Mean difference and its interval over images and seeds; * where it is real.

    Args:
        differences: By pair of rows, then metric.
        headings: As for `print_means`.
    """
    click.echo()
    _print_header("from -> to", headings)
    for (before, after), of in differences.items():
        cells = [
            f"{100 * d.mean:+.1f} ({100 * d.low:+.1f} to {100 * d.high:+.1f}){'*' * d.real}"
            for d in (of[metric] for metric in headings)
        ]
        click.echo(f"| {before} -> {after} | " + " | ".join(cells) + " |")


def plain_means(means: Means) -> dict[str, Any]:
    """For JSON."""
    return {name: _plain(of) for name, of in means.items()}


def plain_differences(differences: Differences) -> dict[str, Any]:
    """For JSON."""
    return {f"{a} -> {b}": _plain(of) for (a, b), of in differences.items()}


def _print_header(first: str, headings: Mapping[str, str]) -> None:
    click.echo(f"| {first} | " + " | ".join(headings.values()) + " |")
    click.echo("|---|" + "---|" * len(headings))


def _plain(of: Mapping[str, Any]) -> dict[str, Any]:
    return {metric: asdict(value) for metric, value in of.items()}
