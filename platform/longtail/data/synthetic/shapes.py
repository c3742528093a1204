"""The outlines of synthetic objects: each shape says which points of the plane it covers.

A shape lies within about one unit of the origin, u to the right and v down.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float64]
Shape = Callable[[Plane, Plane, Plane], NDArray[np.bool_]]


def covers(shape: str, u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    """Whether the points (u, v) lie inside a shape.

    Args:
        shape: One of `SHAPES` or `THIN_SHAPES`.
        u: Any shape, in units of the object's radius.
        v: Like `u`.
        wobble: (3,) angles that make one blob unlike the next; other shapes ignore them.
    """
    return EVERY_SHAPE[shape](u, v, wobble)


def _disc(u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    return u**2 + v**2 < 0.9**2


def _square(u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    return np.maximum(abs(u), abs(v)) < 0.78


def _triangle(u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    return (v < 0.7) & (abs(u) < 0.56 * (v + 1.0))


def _star(u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    angles = np.arange(10) * np.pi / 5
    radii = np.where(np.arange(10) % 2, 0.45, 1.05)
    return _in_polygon(u, v, radii * np.sin(angles), -radii * np.cos(angles))


def _blob(u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    angle = np.arctan2(v, u)
    waves = (0.16, 0.11, 0.07)
    radius = np.full(u.shape, 0.75)
    for n, height in enumerate(waves):
        radius += height * np.sin((n + 2) * angle + wobble[n])
    return np.hypot(u, v) < radius


def _hexagon(u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    angles = np.arange(6) * np.pi / 3
    return _in_polygon(u, v, 0.95 * np.cos(angles), 0.95 * np.sin(angles))


def _heart(u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    x, y = 1.2 * u, 0.15 - 1.2 * v
    return (x**2 + y**2 - 1) ** 3 < x**2 * y**3


def _arrow(u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    shaft = (u > -1) & (u < 0.1) & (abs(v) < 0.2)
    head = (u >= 0.1) & (abs(v) < 0.75 * (1 - u) / 0.9)
    return shaft | head


def _ring(u: Plane, v: Plane, wobble: Plane, inner: float = 0.58) -> NDArray[np.bool_]:
    radius = np.hypot(u, v)
    return (radius > inner) & (radius < 0.95)


def _stick(u: Plane, v: Plane, wobble: Plane, half_width: float = 0.13) -> NDArray[np.bool_]:
    return (abs(u) < 1.15) & (abs(v) < half_width)


def _cross(u: Plane, v: Plane, wobble: Plane, half_width: float = 0.19) -> NDArray[np.bool_]:
    short, long = np.minimum(abs(u), abs(v)), np.maximum(abs(u), abs(v))
    return (long < 1) & (short < half_width)


def _crescent(u: Plane, v: Plane, wobble: Plane) -> NDArray[np.bool_]:
    return (u**2 + v**2 < 0.95**2) & ((u - 0.45) ** 2 + v**2 > 0.78**2)


SHAPES: dict[str, Shape] = {
    "disc": _disc,
    "stick": _stick,
    "star": _star,
    "ring": _ring,
    "square": _square,
    "cross": _cross,
    "triangle": _triangle,
    "crescent": _crescent,
    "blob": _blob,
    "arrow": _arrow,
    "heart": _heart,
    "hexagon": _hexagon,
}

THIN_SHAPES: dict[str, Shape] = {
    "thin_ring": partial(_ring, inner=0.82),
    "thin_stick": partial(_stick, half_width=0.065),
    "thin_cross": partial(_cross, half_width=0.08),
}
"""For sets about thin objects; the categories of the plain set have none of them."""

EVERY_SHAPE = SHAPES | THIN_SHAPES

STICKS = frozenset({"stick", "thin_stick"})
"""Turned by any angle; the others are never upside down."""


def _in_polygon(u: Plane, v: Plane, xs: Plane, ys: Plane) -> NDArray[np.bool_]:
    inside = np.zeros(u.shape, bool)
    for x0, y0, x1, y1 in zip(xs, ys, np.roll(xs, -1), np.roll(ys, -1), strict=True):
        if y0 != y1:
            straddles = (v < y0) != (v < y1)
            inside ^= straddles & (u < x0 + (v - y0) * (x1 - x0) / (y1 - y0))
    return inside
