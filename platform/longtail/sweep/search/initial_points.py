"""The points that a sweep lays out before it runs, and the one that it starts from."""

from typing import Any

from longtail.config.dimensions import Choice, Dimension
from longtail.config.search_space import Point
from longtail.sweep.request import Sweep


def fixed_points(sweep: Sweep) -> list[Point] | None:
    """The points of a grid, or of a random search, those that mean the same variant once; None
    where optuna chooses as it goes."""
    return None if sweep.layout is None else sweep.layout.points


def start_point(sweep: Sweep) -> Point | None:
    """The base variant as a point, optuna's first; None if it lies outside the space."""
    return None if outside(sweep) else sweep.space.rounded(_base_values(sweep))


def outside(sweep: Sweep) -> dict[str, Any]:
    """The values of the base variant that are none of their own range, by path: no trial is the
    base itself then."""
    dimensions = sweep.space.dimensions
    return {
        path: value
        for path, value in _base_values(sweep).items()
        if not _inside(dimensions[path], value)
    }


def _base_values(sweep: Sweep) -> dict[str, Any]:
    leaves = sweep.base.leaves()
    return {path: leaves.get(path, leaves.get(f"{path}.name")) for path in sweep.space.dimensions}


def _inside(dimension: Dimension, value: Any) -> bool:
    if isinstance(dimension, Choice):
        return value in dimension.values
    return value is not None and dimension.low <= value <= dimension.high
