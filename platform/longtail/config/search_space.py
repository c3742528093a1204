"""What a sweep varies: fields of a variant by dotted path, each with the values it may take."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from longtail.config.base import Config
from longtail.config.dimensions import (
    Choice,
    Dimension,
    Integer,
    LogUniform,
    Uniform,
    check_dimension,
    described,
    draw,
    ends_of,
    rounded,
    size_of,
    spelt,
    values_of,
)
from longtail.config.variant import Variant

__all__ = [
    "Choice",
    "Dimension",
    "Integer",
    "LogUniform",
    "Point",
    "SearchSpace",
    "Uniform",
    "spelt",
]

NOT_SEARCHED = {
    "seed": "the best of several seeds is luck; leave it out, and train the best trials again with"
    " more seeds",
    "external_data": "it is a declaration and changes nothing that is computed; leave it out",
    "rules": "it is a declaration and changes nothing that is computed; leave it out",
}
"""Fields whose values would all give the same trial, and what to do instead."""

Point = Mapping[str, Any]
"""A JSON value for each dimension, by whole dotted path."""


@dataclass(frozen=True)
class SearchSpace:
    """Dimensions by whole dotted path of a variant, as `stages.1.classifier.tail_frequency`.

    They are kept in the order of their paths: the same dimensions are the same space.
    """

    dimensions: Mapping[str, Dimension]

    def __post_init__(self) -> None:
        object.__setattr__(self, "dimensions", dict(sorted(self.dimensions.items())))

    @property
    def size(self) -> int | None:
        """The number of points; None if a dimension is continuous."""
        sizes = [size_of(dimension) for dimension in self.dimensions.values()]
        return None if None in sizes else math.prod(size for size in sizes if size is not None)

    def check(self, base: Variant) -> None:
        """Hold every dimension against the variant that it changes.

        Each end of a range and each value of a choice is set on `base` alone.

        Raises:
            ValueError: There is nothing to vary, a path is no field, a range or a value is not
                allowed there, or two values give the same variant.
        """
        if all(size_of(dimension) == 1 for dimension in self.dimensions.values()):
            raise ValueError("nothing varies: give at least one range or two values to choose from")
        for path, dimension in self.dimensions.items():
            outer = [other for other in self.dimensions if path.startswith(f"{other}.")]
            if outer:
                raise ValueError(
                    f"{path}: lies within {outer[0]}, which varies too; leave one of them out"
                )
            if path in NOT_SEARCHED:
                raise ValueError(f"{path}: {NOT_SEARCHED[path]}")
            try:
                check_dimension(dimension)
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from None
            _check_on(base, path, dimension)

    def at(self, base: Variant, point: Point) -> Variant:
        """The variant with the values of a point.

        Raises:
            ValueError: The values break a rule of the configuration.
        """
        return base.override(point)

    def describe(self) -> dict[str, Any]:
        """The dimensions as a JSON tree."""
        return {path: described(dimension) for path, dimension in self.dimensions.items()}

    def grid(self) -> list[Point]:
        """Every point; the last path varies fastest.

        Raises:
            ValueError: A dimension is continuous.
        """
        axes = [_values(path, dimension) for path, dimension in self.dimensions.items()]
        return [
            dict(zip(self.dimensions, values, strict=True)) for values in itertools.product(*axes)
        ]

    def random(self, number: int, seed: int) -> list[Point]:
        """Random points, rounded; a longer list begins with the shorter one.

        Args:
            number: How many; where a finite space has fewer points, all of them once.
            seed: From 0.
        """
        generator = np.random.default_rng(seed)
        wanted = number if self.size is None else min(number, self.size)
        points: list[Point] = []
        while len(points) < wanted:
            values = {path: draw(axis, generator) for path, axis in self.dimensions.items()}
            point = self.rounded(values)
            if self.size is None or point not in points:
                points.append(point)
        return points

    def rounded(self, point: Point) -> dict[str, Any]:
        """The point with floats of 4 significant digits, still inside their ranges.

        A variant file is then readable, and a variant written by hand with the values that a table
        shows is the same variant.
        """
        return {path: rounded(self.dimensions[path], value) for path, value in point.items()}


def _check_on(base: Variant, path: str, dimension: Dimension) -> None:
    """Set each end or value alone."""
    seen: dict[str, Any] = {}
    for value in ends_of(dimension):
        variant = base.override({path: value})
        fingerprint = variant.fingerprint()
        if fingerprint in seen:
            raise ValueError(
                f"{path}: {seen[fingerprint]!r} and {value!r} of {spelt(dimension)} are the same"
                " variant; leave one out"
            )
        seen[fingerprint] = value
        if isinstance(dimension, Uniform | LogUniform) and type(_leaf(variant, path)) is not float:
            raise ValueError(
                f"{path}: {spelt(dimension)}, but the field takes no fractions (now"
                f" {_leaf(base, path)!r}); use int(LOW,HIGH), or a list of values"
            )


def _leaf(config: Config, path: str) -> Any:
    node: Any = config
    for word in path.split("."):
        node = node[int(word)] if isinstance(node, tuple) else getattr(node, word)
    return node


def _values(path: str, dimension: Dimension) -> tuple[Any, ...]:
    try:
        return values_of(dimension)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
