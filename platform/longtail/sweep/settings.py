"""How a sweep is run, and where it keeps what it finds."""

from dataclasses import dataclass
from pathlib import Path

from longtail.cluster.nodes.settings import GridSettings

LARGEST_PASS = 8
"""Trials that wait for each other to be trained in one pass, unless more are asked for."""


@dataclass(frozen=True)
class SweepSettings:
    """Where and with what a sweep runs; nothing here changes what a trial computes.

    Attributes:
        grid: Of its nodes; `grid.name` is the sweep's name.
        concurrent: Trials at a time; None takes what the cluster holds, and `LARGEST_PASS` for each
            place where trials share a trunk.
    """

    grid: GridSettings
    concurrent: int | None = None

    @property
    def directory(self) -> Path:
        """Where its journal and results are."""
        return sweep_directory(self.grid.runs, self.grid.name)


def sweep_directory(runs: Path, name: str) -> Path:
    """`sweeps/<name>` in the runs folder."""
    return runs / "sweeps" / name
