"""Paint one synthetic picture: later objects cover earlier ones.

D objects drawn, in order; pictures are (H, W, 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.data.synthetic.categories import Look
from longtail.data.synthetic.shapes import STICKS, covers
from longtail.data.synthetic.textures import background, fill

RADIUS = (0.08, 0.27)
SMALLEST_OBJECT = 24
SMALLEST_VISIBLE_SHARE = 0.5
ATTEMPTS = 60
SUBPIXELS = 3


@dataclass(frozen=True, eq=False)
class Scene:
    """A painted picture.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        drawn: (D,) which of the objects asked for found a place.
        owner: (H, W) int64 position in `drawn` of the object seen at each pixel, -1 for none.
    """

    pixels: NDArray[np.uint8]
    drawn: list[int]
    owner: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Pose:
    """Where one object lies: the pixels of its window, and their place in its own frame."""

    window: tuple[slice, slice]
    u: NDArray[np.float64]
    v: NDArray[np.float64]
    coverage: NDArray[np.float64]


def paint(
    size: tuple[int, int],
    objects: Sequence[Look],
    rng: np.random.Generator,
    radius: tuple[float, float] = RADIUS,
) -> Scene:
    """Paint objects, in order, on a random background.

    An object is moved until it and all it covers stay visible by half at least; one that finds no
    place in a crowded picture is left out.

    Args:
        size: (height, width) in pixels.
        objects: What to paint.
        rng: Draws everything else.
        radius: Smallest and largest one of an object, by the picture's shorter side.
    """
    picture = background(*size, rng)
    owner = np.full(size, -1, np.int64)
    areas: list[int] = []
    drawn: list[int] = []
    for i, look in enumerate(objects):
        pose = _find_place(look.shape, owner, areas, radius, rng)
        if pose is None:
            continue
        colours = fill(look.fill, look.colour, pose.u, pose.v, rng)
        share = pose.coverage[..., None]
        picture[pose.window] = picture[pose.window] * (1 - share) + colours * share
        owner[pose.window][pose.coverage >= 0.5] = len(drawn)
        areas.append(int((pose.coverage >= 0.5).sum()))
        drawn.append(i)
    return Scene(np.rint(picture).astype(np.uint8), drawn, owner)


def _find_place(
    shape: str,
    owner: NDArray[np.int64],
    areas: list[int],
    bounds: tuple[float, float],
    rng: np.random.Generator,
) -> _Pose | None:
    low, high = np.log(bounds)
    radius = min(owner.shape) * float(np.exp(rng.uniform(low, high)))
    for _ in range(ATTEMPTS):
        pose, whole_area = _pose(shape, radius, owner.shape, rng)
        covered = pose.coverage >= 0.5
        enough = max(SMALLEST_OBJECT, SMALLEST_VISIBLE_SHARE * whole_area)
        if covered.sum() >= enough and _others_stay_visible(owner, pose.window, covered, areas):
            return pose
        radius = max(radius * 0.97, min(owner.shape) * bounds[0])
    return None


def _pose(
    shape: str, radius: float, size: tuple[int, ...], rng: np.random.Generator
) -> tuple[_Pose, float]:
    """A random place of the shape, and the area that it would have outside any border."""
    centre_y, centre_x = rng.uniform(0, size[0]), rng.uniform(0, size[1])
    turn = rng.uniform(0, np.pi) if shape in STICKS else rng.uniform(-0.6, 0.6)
    stretch, wobble = np.exp(rng.uniform(-0.15, 0.15)), rng.uniform(0, 2 * np.pi, 3)
    reach = int(np.ceil(1.35 * radius))
    top, left = int(centre_y) - reach, int(centre_x) - reach
    side = 2 * reach + 1
    steps = (np.arange(side * SUBPIXELS) + 0.5) / SUBPIXELS
    y, x = np.meshgrid(top + steps - centre_y, left + steps - centre_x, indexing="ij")
    u = (x * np.cos(turn) + y * np.sin(turn)) / (radius * stretch)
    v = (y * np.cos(turn) - x * np.sin(turn)) / (radius / stretch)
    fine = covers(shape, u, v, wobble).reshape(side, SUBPIXELS, side, SUBPIXELS)
    coverage = fine.mean(axis=(1, 3))
    rows = slice(max(top, 0), min(top + side, size[0]))
    columns = slice(max(left, 0), min(left + side, size[1]))
    inner = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    middle = slice(SUBPIXELS // 2, None, SUBPIXELS)
    pose = _Pose(
        (rows, columns), u[middle, middle][inner], v[middle, middle][inner], coverage[inner]
    )
    return pose, float(coverage.sum())


def _others_stay_visible(
    owner: NDArray[np.int64],
    window: tuple[slice, slice],
    covered: NDArray[np.bool_],
    areas: list[int],
) -> bool:
    if not areas:
        return True
    visible = np.bincount(owner[owner >= 0], minlength=len(areas))
    hidden = owner[window][covered]
    visible -= np.bincount(hidden[hidden >= 0], minlength=len(areas))
    enough = np.maximum(SMALLEST_VISIBLE_SHARE * np.array(areas), SMALLEST_OBJECT / 2)
    return bool((visible >= enough).all())
