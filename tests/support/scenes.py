"""Small pictures with a few instances, for tests of transforms."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.joining.ignored import Ignored
from longtail.data.loading.sample import VerifiedCategories
from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.instances import Instances
from longtail.data.loading.scenes.masks import BitmapMask, InstanceMasks, PolygonMask
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Transform, transformed

Mask = PolygonMask | BitmapMask | None


def rectangle(x0: float, y0: float, x1: float, y1: float) -> PolygonMask:
    """A mask that fills its box."""
    return PolygonMask((np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64),))


def make_scene(
    size: tuple[int, int] = (40, 60),
    masks: Sequence[Mask] = (),
    boxes: Sequence[Sequence[float]] | None = None,
    labels: Sequence[int] | None = None,
    pixels: NDArray[np.uint8] | None = None,
    semantic: NDArray[np.uint8] | None = None,
    present: Sequence[int] = (),
    absent: Sequence[int] = (),
) -> Scene:
    """A scene of (height, width); without pixels it is noise, without boxes they are the masks'."""
    if pixels is None:
        pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    if boxes is None:
        boxes = [[0.0] * 4 if mask is None else mask.bounds().tolist() for mask in masks]
    number = len(boxes)
    verified = VerifiedCategories(
        torch.tensor(present, dtype=torch.long), torch.tensor(absent, dtype=torch.long)
    )
    return Scene(
        picture=PilImage.fromarray(pixels),
        instances=Instances(
            boxes=np.array(boxes, np.float64).reshape(-1, 4),
            labels=np.array(range(number) if labels is None else labels, np.int64),
            masks=InstanceMasks(tuple(masks)),
            source=np.zeros(number, np.int64),
        ),
        sources=(verified,),
        regions=np.array([[0.0, 0.0, size[1], size[0]]]),
        ignored=Ignored.none(),
        has_masks=True,
        semantic=semantic,
        pending=Geometry.unmoved(size),
    )


def ignored_at(boxes: Sequence[Sequence[float]], weights: Sequence[float]) -> Ignored:
    """Ignore boxes; every second one is of category 7 alone, and for anchors too."""
    number = len(boxes)
    return Ignored(
        np.array(boxes, np.float64).reshape(-1, 4),
        np.array(weights, np.float32),
        np.arange(number) % 2 == 1,
        np.where(np.arange(number) % 2 == 1, 7, -1),
    )


def drawn(
    scene: Scene, *transforms: Transform, seed: int = 0, partner: Scene | None = None
) -> Scene:
    """The scene after the transforms; every partner is the same picture."""

    def draw(law: float | None, rng: np.random.Generator) -> Scene:
        assert partner is not None, "no picture to mix"
        return partner

    return transformed(transforms, scene, np.random.default_rng(seed), draw)


def pixels_of(scene: Scene) -> NDArray[np.uint8]:
    """(H, W, 3) of its picture."""
    return np.asarray(scene.picture)


def decoded(mask: Mask, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W) where a mask is, in a picture of that size."""
    whole = np.zeros(size, bool)
    if mask is not None:
        bitmap = mask.bitmap()
        bitmap.part_of(whole)[...] = bitmap.pixels > 0
    return whole
