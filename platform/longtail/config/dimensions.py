"""The values that a field may take in a search: a list of them, or a range."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

SIGNIFICANT_DIGITS = 4


@dataclass(frozen=True)
class Choice:
    """One of several JSON values: numbers, words, true, false or null."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Uniform:
    """A number between two, both included."""

    low: float
    high: float


@dataclass(frozen=True)
class LogUniform:
    """A number between two, both included, whose logarithm is uniform."""

    low: float
    high: float


@dataclass(frozen=True)
class Integer:
    """A whole number between two, both included."""

    low: int
    high: int


Dimension = Choice | Uniform | LogUniform | Integer

KINDS: dict[type[Any], str] = {
    Choice: "choice",
    Uniform: "uniform",
    LogUniform: "loguniform",
    Integer: "int",
}
"""How a dimension is written on the command line."""


def spelt(dimension: Dimension) -> str:
    """As on the command line: `loguniform(0.0001, 0.01)`."""
    return f"{KINDS[type(dimension)]}({', '.join(json.dumps(v) for v in ends_of(dimension))})"


def described(dimension: Dimension) -> dict[str, Any]:
    """As a JSON tree."""
    kind = KINDS[type(dimension)]
    if isinstance(dimension, Choice):
        return {"kind": kind, "values": list(dimension.values)}
    return {"kind": kind, "low": dimension.low, "high": dimension.high}


def from_description(tree: Mapping[str, Any]) -> Dimension:
    """The dimension that `described` gave this tree for."""
    kinds = {name: kind for kind, name in KINDS.items()}
    kind: type[Any] = kinds[tree["kind"]]
    made: Dimension = (
        Choice(tuple(tree["values"])) if kind is Choice else kind(tree["low"], tree["high"])
    )
    return made


def ends_of(dimension: Dimension) -> tuple[Any, ...]:
    """Both ends of a range, or every value to choose from."""
    if isinstance(dimension, Choice):
        return dimension.values
    return (dimension.low, dimension.high)


def size_of(dimension: Dimension) -> int | None:
    """The number of values; None for a continuous range."""
    match dimension:
        case Choice(values):
            return len(values)
        case Integer(low, high):
            return high - low + 1
        case _:
            return None


def values_of(dimension: Dimension) -> tuple[Any, ...]:
    """Every value, in order.

    Raises:
        ValueError: The range is continuous.
    """
    match dimension:
        case Choice(values):
            return values
        case Integer(low, high):
            return tuple(range(low, high + 1))
        case _:
            raise ValueError(
                f"{spelt(dimension)} is continuous; give a list of values, as in"
                f" [{dimension.low:g},{dimension.high:g}], or search at random or with optuna"
            )


def draw(dimension: Dimension, generator: np.random.Generator) -> Any:
    """A random value."""
    match dimension:
        case Choice(values):
            return values[int(generator.integers(len(values)))]
        case Integer(low, high):
            return int(generator.integers(low, high, endpoint=True))
        case Uniform(low, high):
            return float(generator.uniform(low, high))
        case LogUniform(low, high):
            return float(np.exp(generator.uniform(np.log(low), np.log(high))))


def rounded(dimension: Dimension, value: Any) -> Any:
    """A number of a continuous range to 4 significant digits, still inside; others as they are."""
    match dimension:
        case Choice():
            return value
        case Integer():
            return int(value)
        case Uniform(low, high) | LogUniform(low, high):
            return float(min(max(float(f"{value:.{SIGNIFICANT_DIGITS}g}"), low), high))


def check_dimension(dimension: Dimension) -> None:
    """Say what is wrong with a dimension by itself.

    Raises:
        ValueError: No values, one that is a list or a tree, or ends that are no range.
    """
    text = spelt(dimension)
    if isinstance(dimension, Choice):
        if not dimension.values:
            raise ValueError(f"{text}: nothing to choose from; give values, as in [0.1,0.2]")
        if wrong := [value for value in dimension.values if isinstance(value, list | dict)]:
            raise ValueError(
                f"{text}: {wrong[0]!r} is not one value; give numbers, words, true, false or null"
            )
        return
    low, high = dimension.low, dimension.high
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"{text}: the first end must be below the second, and both finite")
    if isinstance(dimension, LogUniform) and low <= 0:
        raise ValueError(f"{text}: {low!r} has no logarithm; begin above 0, or use uniform")
