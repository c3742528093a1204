"""Which margins are tried on a fusion, and what each of them gives.

A regular grid over 0 <= common <= 0.15 and common <= rare <= 0.3, then a finer one around the best
of it. Nothing is drawn by chance, and the grid's points are the cells of a heat map. The report
that margins come from (`rescoring`) has rare 0.1 and common 0.05; the ranges are ours.
"""

import math
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from ensemble.tuning.objective.capped_ap import CappedAP
from longtail.evaluation.margins import Margins
from longtail.metrics import GROUP_METRICS

MAX_RARE, MAX_COMMON = 0.3, 0.15
COARSE_SHARE = 0.7
"""Of the points, those of the first grid; the others go around the best."""
DIGITS = 6


class MarginTrials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Margins that were tried on one fusion, N of them, the first those of the command line.

    Attributes:
        rare: N values.
        common: N values.
        cell: N sides of the squares of margins that the points stand for, 0 for the first.
        metrics: N fractions for each of AP, APr, APc and APf.
    """

    rare: list[float]
    common: list[float]
    cell: list[float]
    metrics: dict[str, list[float]]

    def __len__(self) -> int:
        return len(self.rare)

    def metrics_at(self, place: int) -> dict[str, float]:
        """The metrics of one of them by name."""
        return {name: values[place] for name, values in self.metrics.items()}

    def best(self, wanted: Sequence[str]) -> int:
        """Place of the best by the first metric, of equals by the next; of equals the first."""
        columns = [self.metrics[name] for name in wanted]
        return max(range(len(self)), key=lambda i: (*(column[i] for column in columns), -i))


def try_margins(
    capped_ap: CappedAP, start: Margins, number: int, wanted: Sequence[str]
) -> MarginTrials:
    """Evaluate some margins on one fusion.

    Args:
        capped_ap: The fusion.
        start: The margins of the command line, tried first.
        number: How many others to try at most.
        wanted: Metrics to look for the best of in the finer grid.
    """
    trials = MarginTrials([], [], [], {name: [] for name in GROUP_METRICS})
    seen: set[tuple[float, float]] = set()

    def add(rare: float, common: float, cell: float) -> None:
        rare, common = round(rare, DIGITS), round(common, DIGITS)
        if (rare, common) in seen:
            return
        seen.add((rare, common))
        trials.rare.append(rare)
        trials.common.append(common)
        trials.cell.append(cell)
        for name, value in capped_ap.evaluate(Margins(rare, common)).items():
            trials.metrics[name].append(value)

    add(start.rare, start.common, 0.0)
    steps = coarse_steps(number)
    step = MAX_COMMON / max(1, steps)
    for rare, common in coarse_grid(steps) if number else ():
        add(rare, common, step)
    left = max(0, number + 1 - len(trials)) // len(wanted)
    centres = [trials.best([name]) for name in wanted]
    for rare, common in [(trials.rare[place], trials.common[place]) for place in centres]:
        for point, cell in finer_grid(rare, common, step, math.isqrt(left)):
            add(*point, cell)
    return trials


def coarse_steps(number: int) -> int:
    """Steps of the grid from 0 to the largest common margin, as many as fit."""
    steps = 0
    while size_of_grid(steps + 1) <= COARSE_SHARE * number:
        steps += 1
    return steps


def size_of_grid(steps: int) -> int:
    """Points of the grid: common i and rare j steps, i <= steps and i <= j <= 2 * steps."""
    return (steps + 1) * (2 * steps + 1) - steps * (steps + 1) // 2


def coarse_grid(steps: int) -> Iterator[tuple[float, float]]:
    """Rare and common margins of the grid; (0, 0) alone for 0 steps."""
    step = MAX_COMMON / max(1, steps)
    for i in range(steps + 1):
        for j in range(i, 2 * steps + 1):
            yield j * step, i * step


def finer_grid(
    rare: float, common: float, step: float, side: int
) -> Iterator[tuple[tuple[float, float], float]]:
    """`side` times `side` points within one step of a point, in range, and their cell."""
    cell = 2 * step / (side + 1)
    for offset in np.linspace(-step, step, side + 2)[1:-1].tolist():
        for other in np.linspace(-step, step, side + 2)[1:-1].tolist():
            near = rare + offset, common + other
            if 0 <= near[1] <= min(near[0], MAX_COMMON) and near[0] <= MAX_RARE:
                yield near, cell
