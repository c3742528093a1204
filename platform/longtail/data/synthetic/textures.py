"""Colours of synthetic pictures: patterned fills of objects, and muted backgrounds.

Pictures are (H, W, 3) float64, 0 to 255.
"""

import numpy as np
from numpy.typing import NDArray

from longtail.data.synthetic.categories import COLOURS

Plane = NDArray[np.float64]


def fill(name: str, colour: str, u: Plane, v: Plane, rng: np.random.Generator) -> Plane:
    """Colour the (H, W) points (u, v) of an object, in units of its radius.

    Args:
        name: `plain`, or tone and pattern such as `dark_striped`.
        colour: One of `COLOURS`; each instance gets a shade of its own.
        u: To the right, in the object's own frame.
        v: Down.
        rng: Draws the shade and the grain.
    """
    base = np.array(COLOURS[colour]) * rng.uniform(0.88, 1.08) + rng.normal(0, 5, 3)
    tone, _, pattern = name.partition("_")
    share = _pattern(pattern, u, v, rng)[..., None]
    second = base * 0.45 if tone == "dark" else base + 0.65 * (255 - base)
    picture = base * (1 - share) + second * share
    light = 1 + 0.12 * np.clip(-u - v, -1, 1)
    grain = rng.normal(0, 5, u.shape)
    return np.clip(picture * light[..., None] + grain[..., None], 0, 255)


def background(height: int, width: int, rng: np.random.Generator) -> Plane:
    """A picture without objects: a ramp, clouds, stripes or checks of two muted colours."""
    first, second = _muted(rng), _muted(rng)
    y, x = np.mgrid[:height, :width] + 0.5
    angle, period = rng.uniform(0, np.pi), rng.uniform(0.15, 0.5) * min(height, width)
    along = (x * np.cos(angle) + y * np.sin(angle)) / period
    across = (y * np.cos(angle) - x * np.sin(angle)) / period
    kind = rng.integers(4)
    if kind == 0:
        share = (along - along.min()) / np.ptp(along)
    elif kind == 1:
        share = _clouds(height, width, rng)
    elif kind == 2:
        share = 0.5 + 0.5 * np.tanh(4 * np.sin(np.pi * along))
    else:
        share = 0.5 + 0.5 * np.tanh(6 * np.sin(np.pi * along) * np.sin(np.pi * across))
    picture: Plane = first + (second - first) * share[..., None]
    grain = rng.normal(0, rng.uniform(2, 10), (height, width, 1))
    return np.clip(picture + grain, 0, 255)


def _pattern(name: str, u: Plane, v: Plane, rng: np.random.Generator) -> Plane:
    """Share of the second colour at each point, 0 to 1."""
    match name:
        case "striped":
            return (np.sin(2 * np.pi * 1.6 * u) > 0).astype(np.float64)
        case "checked":
            return (np.sin(np.pi * 2.4 * u) * np.sin(np.pi * 2.4 * v) > 0).astype(np.float64)
        case "dotted":
            near_u, near_v = (u * 1.8) % 1 - 0.5, (v * 1.8) % 1 - 0.5
            return (np.hypot(near_u, near_v) < 0.3).astype(np.float64)
        case "shaded":
            return np.clip(0.5 + 0.7 * v, 0.0, 1.0).astype(np.float64)
        case "speckled":
            return np.where(rng.random(u.shape) < 0.3, 0.8, 0.0)
        case "banded":
            return (abs(v) < 0.15).astype(np.float64)
        case "spotted":
            return (np.hypot(u, v) < 0.3).astype(np.float64)
        case "tipped":
            return (v < -0.4).astype(np.float64)
        case "edged":
            return (np.hypot(u, v) > 0.72).astype(np.float64)
        case "cornered":
            return ((u > 0.15) & (v > 0.15)).astype(np.float64)
        case _:
            return np.zeros(u.shape)


def _muted(rng: np.random.Generator) -> Plane:
    return rng.uniform(70, 190) + rng.uniform(-22, 22, 3)


def _clouds(height: int, width: int, rng: np.random.Generator) -> Plane:
    """Smooth noise: random values on a coarse grid, interpolated between."""
    grid = rng.random((5, 5))
    rows, columns = np.linspace(0, 4, height), np.linspace(0, 4, width)
    tall = np.stack([np.interp(rows, np.arange(5), column) for column in grid.T], axis=1)
    return np.stack([np.interp(columns, np.arange(5), row) for row in tall])
