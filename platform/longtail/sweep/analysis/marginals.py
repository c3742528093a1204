"""The mean of a metric over the bins of one searched path, and of two together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from longtail.sweep.analysis.axis import Axis
from longtail.sweep.trial import Trial


@dataclass(frozen=True)
class BinMean:
    """A bin of an axis.

    Attributes:
        name: Its value or range of values.
        mean: Mean of the metric, a fraction; None without a trial.
        num_trials: Trials in it.
    """

    name: str
    mean: float | None
    num_trials: int


@dataclass(frozen=True)
class Marginal:
    """A metric along one path."""

    path: str
    bins: tuple[BinMean, ...]


@dataclass(frozen=True)
class HeatMap:
    """A metric over two paths: `cells[row][column]`, a row for each bin of `down`."""

    across: str
    down: str
    cells: tuple[tuple[BinMean, ...], ...]


def marginal(axis: Axis, trials: Sequence[Trial], values: Mapping[int, float]) -> Marginal:
    """Means of the metric over the bins of a path.

    Args:
        axis: The path.
        trials: The trials of a sweep.
        values: The metric of those that are compared, by number.
    """
    held: list[list[float]] = [[] for _ in axis.bins]
    for trial in trials:
        place = axis.bin_of(trial.point[axis.path])
        if trial.number in values and place is not None:
            held[place].append(values[trial.number])
    bins = zip(axis.bins, held, strict=True)
    return Marginal(axis.path, tuple(bin_mean(part.name, inside) for part, inside in bins))


def heat_map(
    across: Axis, down: Axis, trials: Sequence[Trial], values: Mapping[int, float]
) -> HeatMap:
    """Means of the metric over the bins of two paths; arguments as for `marginal`."""
    held: dict[tuple[int, int], list[float]] = {}
    for trial in trials:
        row, column = down.bin_of(trial.point[down.path]), across.bin_of(trial.point[across.path])
        if trial.number in values and row is not None and column is not None:
            held.setdefault((row, column), []).append(values[trial.number])
    cells = tuple(
        tuple(
            bin_mean(f"{part_across.name}, {part_down.name}", held.get((row, column), []))
            for column, part_across in enumerate(across.bins)
        )
        for row, part_down in enumerate(down.bins)
    )
    return HeatMap(across.path, down.path, cells)


def bin_mean(name: str, values: Sequence[float]) -> BinMean:
    """The mean of the values of a bin of that name."""
    return BinMean(name, fmean(values) if values else None, len(values))
