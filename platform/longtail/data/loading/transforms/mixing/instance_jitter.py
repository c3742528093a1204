"""Instances moved a little over a filled-in background: after InstaBoost, Fang et al. 2019.

Unlike there, the place is drawn uniformly and not by how alike the surroundings are, edges are not
blended, colours stay, and the background is that of `inpainting`. Instances that share pixels, as
a shirt and who wears it, move as one, so that no part leaves its whole. G instances, sizes are
(height, width).
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage
from scipy import ndimage, sparse

from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.instances import Instances
from longtail.data.loading.scenes.masks import BitmapMask
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others
from longtail.data.loading.transforms.mixing.covers import (
    cover_of,
    has_pixels,
    without_classes,
)
from longtail.data.loading.transforms.mixing.inpainting import inpainted

RIM = 3
"""Pixels around a mask that still show the instance's edge, and are filled in with it."""


class InstanceJitter:
    """Instances are cut out and put back elsewhere; those without a mask stay where they are.

    Where they meet, smaller ones are in front.

    Args:
        probability: That the instances of an image move, in [0, 1].
        factors: Least and largest factor of the size.
        shift: Largest shift as a share of the width and of the height.
        degrees: Largest angle to either side.
    """

    def __init__(
        self, probability: float, factors: tuple[float, float], shift: float, degrees: float
    ) -> None:
        self.probability = probability
        self.factors = factors
        self.shift = shift
        self.degrees = degrees

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return scene
        scene = scene.settled()
        movable = has_pixels(scene.instances)
        if not movable.any():
            return scene
        instances = scene.instances.take(np.flatnonzero(movable))
        still = scene.instances.take(np.flatnonzero(~movable))
        return self._moved(scene, instances, still, rng)

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return sides

    def _moved(
        self, scene: Scene, instances: Instances, still: Instances, rng: np.random.Generator
    ) -> Scene:
        hole = ndimage.binary_dilation(cover_of(instances, scene.size), iterations=RIM)
        before = np.asarray(scene.picture)
        pixels = inpainted(before, hole)
        cutting = PilImage.fromarray(np.pad(before, ((1, 1), (1, 1), (0, 0)), mode="edge"))
        cover, parts = np.zeros(scene.size, bool), []
        for group in _groups(instances, scene.size):
            geometry = Geometry(self._draw(group, rng), scene.size)
            moved = group.moved(geometry)
            own = cover_of(moved, scene.size)
            _put_back(pixels, cutting, geometry, own & ~cover)
            parts.append(moved.covered(cover))
            cover |= own
        return replace(
            scene,
            picture=PilImage.fromarray(pixels),
            instances=Instances.joined([*parts, still.covered(cover)]),
            semantic=without_classes(scene.semantic, hole | cover),
        )

    def _draw(self, group: Instances, rng: np.random.Generator) -> NDArray[np.float64]:
        """(2, 3) the map of a group, around the middle of its masks."""
        bounds = np.stack([mask.bounds() for mask in group.masks.items if mask is not None])
        low, high = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        factor = rng.uniform(*self.factors)
        angle = math.radians(rng.uniform(-self.degrees, self.degrees))
        shift = rng.uniform(-self.shift, self.shift, 2) * (high - low)
        cos, sin = factor * math.cos(angle), factor * math.sin(angle)
        linear, middle = np.array([[cos, -sin], [sin, cos]]), (low + high) / 2
        return np.column_stack([linear, middle + shift - linear @ middle])


def _groups(instances: Instances, size: tuple[int, int]) -> list[Instances]:
    """Instances that share pixels, directly or through others; the smallest group first."""
    covers = [cover_of(instances.take(np.array([i])), size) for i in range(len(instances))]
    pixels = [np.flatnonzero(cover) for cover in covers]
    rows = np.repeat(np.arange(len(pixels)), [len(own) for own in pixels])
    owners = sparse.coo_array((np.ones(len(rows), np.int32), (rows, np.concatenate(pixels))))
    shared = (owners @ owners.T).tocsr()
    number, group = sparse.csgraph.connected_components(shared, directed=False)
    areas = np.bincount(group, instances.areas(), number)
    return [instances.take(np.flatnonzero(group == i)) for i in np.argsort(areas, kind="stable")]


def _put_back(
    pixels: NDArray[np.uint8],
    cutting: PilImage.Image,
    geometry: Geometry,
    shown: NDArray[np.bool_],
) -> None:
    """Write the moved picture into (H, W, 3) pixels where it is shown.

    Args:
        pixels: Of the new picture.
        cutting: The old one with a border of one pixel, so that edges are not mixed with black.
        geometry: From the old one without the border to the new one.
        shown: (H, W) where.
    """
    crop = BitmapMask.from_full(shown.astype(np.uint8))
    if not crop.pixels.size:
        return
    inverse = np.linalg.inv(np.vstack([geometry.matrix, [0, 0, 1]]))[:2]
    inverse[:, 2] += inverse[:, :2] @ [crop.x0, crop.y0] + 1
    moved = cutting.transform(
        crop.pixels.shape[::-1],
        PilImage.Transform.AFFINE,
        tuple(inverse.ravel()),
        resample=PilImage.Resampling.BILINEAR,
    )
    chosen = crop.pixels > 0
    crop.part_of(pixels)[chosen] = np.asarray(moved)[chosen]
