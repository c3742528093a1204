"""A search space as optuna knows it, and its points as optuna's parameters.

A value of a `Choice` is its JSON text there: optuna takes no lists, and holds 1 and true for equal.
"""

import json
from collections.abc import Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from longtail.config.search_space import (
    Choice,
    Dimension,
    Integer,
    LogUniform,
    Point,
    SearchSpace,
    Uniform,
)


def distributions(space: SearchSpace) -> dict[str, BaseDistribution]:
    """The values that each path may take."""
    return {path: _distribution(dimension) for path, dimension in space.dimensions.items()}


def params_of(point: Point, space: SearchSpace) -> dict[str, Any]:
    """A point as optuna's parameters."""
    return {
        path: _text(point[path]) if isinstance(dimension, Choice) else point[path]
        for path, dimension in space.dimensions.items()
    }


def point_of(params: Mapping[str, Any], space: SearchSpace) -> dict[str, Any]:
    """The point that optuna's parameters stand for: the inverse of `params_of`."""
    return {
        path: json.loads(params[path]) if isinstance(dimension, Choice) else params[path]
        for path, dimension in space.dimensions.items()
    }


def _distribution(dimension: Dimension) -> BaseDistribution:
    match dimension:
        case Choice(values):
            return CategoricalDistribution([_text(value) for value in values])
        case Uniform(low, high):
            return FloatDistribution(low, high)
        case LogUniform(low, high):
            return FloatDistribution(low, high, log=True)
        case Integer(low, high):
            return IntDistribution(low, high)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)
