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
    leaves = sweep.base.leaves()
    point: dict[str, Any] = {}
    for path, dimension in sweep.space.dimensions.items():
        value = leaves.get(path, leaves.get(f"{path}.name"))
        if not _inside(dimension, value):
            return None
        point[path] = value
    return sweep.space.rounded(point)


def _inside(dimension: Dimension, value: Any) -> bool:
    if isinstance(dimension, Choice):
        return value in dimension.values
    return value is not None and dimension.low <= value <= dimension.high
