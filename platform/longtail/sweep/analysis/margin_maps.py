"""Metrics of finished trials over a searched path and the margin."""

from collections.abc import Sequence
from dataclasses import dataclass

from longtail.config.search_space import Choice
from longtail.metrics import UNDEFINED
from longtail.sweep.analysis.axis import Axis, spelt_value
from longtail.sweep.analysis.margin_file import METRICS, RARE_MARGINS, MarginResults
from longtail.sweep.analysis.marginals import HeatMap, bin_mean
from longtail.sweep.request import Sweep
from longtail.sweep.trial import Trial

UP = "rare_margin"
FEW_TRIALS = 8
"""Up to so many trials each has a column of its own where a range is searched."""

Column = tuple[str, list[Trial]]
"""A bin's name and its trials."""


@dataclass(frozen=True)
class MarginMap:
    """A metric over a path and the margins of rare categories, a fraction.

    Attributes:
        metric: AP or APr.
        across: The path.
        up: The margins.
        cells: Means.
    """

    metric: str
    across: Axis
    up: Axis
    cells: HeatMap


@dataclass(frozen=True)
class MarginMaps:
    """AP and APr under margins.

    Attributes:
        margins: Of each trial.
        trials: The finished trials that have them, by number.
        maps: Of each path and each metric that is defined.
        finding: How often the cap binds, and hence whether margins can matter.
    """

    margins: MarginResults
    trials: tuple[Trial, ...]
    maps: tuple[MarginMap, ...]
    finding: str


def margin_maps(
    sweep: Sweep, trials: Sequence[Trial], margins: MarginResults, paths: Sequence[Axis]
) -> MarginMaps | None:
    """Maps of a sweep; None without a trial that has margins and without a problem.

    Args:
        sweep: What was searched.
        trials: Its trials.
        margins: Of its finished trials.
        paths: Each is across in a map, in these bins where there are many trials.
    """
    held = sorted((t for t in trials if _is_held(t, margins)), key=lambda trial: trial.number)
    if not held:
        return MarginMaps(margins, (), (), "") if margins.problems else None
    maps = (_map(metric, path, held, margins) for path in paths for metric in METRICS)
    defined = tuple(item for item in maps if _has_value(item.cells))
    return MarginMaps(margins, tuple(held), defined, _finding(sweep, held, margins))


def _is_held(trial: Trial, margins: MarginResults) -> bool:
    return trial.state == "finished" and trial.evaluation in margins.by_evaluation


def _columns(coarse: Axis, trials: Sequence[Trial]) -> tuple[Axis, list[Column]]:
    """The axis across, and each of its bins."""
    path = coarse.path
    if len(trials) <= FEW_TRIALS and not isinstance(coarse.dimension, Choice):
        rising = sorted(trials, key=lambda trial: (trial.point[path], trial.number))
        values = tuple(trial.point[path] for trial in rising)
        axis = Axis(path, coarse.label, Choice(values), len(values))
        return axis, [(f"trial {t.number} at {spelt_value(t.point[path])}", [t]) for t in rising]
    columns: list[Column] = [(part.name, []) for part in coarse.bins]
    for trial in trials:
        place = coarse.bin_of(trial.point[path])
        if place is not None:
            columns[place][1].append(trial)
    return coarse, columns


def _map(metric: str, coarse: Axis, trials: Sequence[Trial], margins: MarginResults) -> MarginMap:
    def value(trial: Trial, row: int) -> float:
        return margins.by_evaluation[trial.evaluation].metrics[metric][row]

    up = Axis(UP, "rare margin", Choice(RARE_MARGINS), len(RARE_MARGINS))
    across, columns = _columns(coarse, trials)
    cells = (
        tuple(
            bin_mean(
                f"{name}, rare margin {part.name}",
                [value(t, row) for t in inside if value(t, row) != UNDEFINED],
            )
            for name, inside in columns
        )
        for row, part in enumerate(up.bins)
    )
    return MarginMap(metric, across, up, HeatMap(across.path, up.path, tuple(cells)))


def _has_value(cells: HeatMap) -> bool:
    return any(cell.mean is not None for row in cells.cells for cell in row)


def _finding(sweep: Sweep, trials: Sequence[Trial], margins: MarginResults) -> str:
    found = [margins.by_evaluation[trial.evaluation] for trial in trials]
    fewest, most = min(of.num_over_cap for of in found), max(of.num_over_cap for of in found)
    cap = f"{found[0].num_images} images exceed the cap of {found[0].max_dets}"
    if most > 0:
        number = str(most) if fewest == most else f"{fewest} to {most}, by trial,"
        return f"{number} of {cap}: margins change nothing in the others."
    finding = f"0 of {cap}: margins cannot change anything there."
    kept = max(sweep.variant_at(t.point).inference.detections_per_image for t in trials)
    if kept > found[0].max_dets:
        return finding
    return (
        f"{finding} No trial keeps more than {kept} detections an image; a sweep with"
        f" inference.detections_per_image above {found[0].max_dets} has more to choose from, and"
        " finds what this one trained."
    )
