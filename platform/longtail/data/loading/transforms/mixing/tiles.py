"""Scenes side by side on a grey canvas. Sizes are (height, width), places (x, y), whole pixels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.joining.ignored import Ignored
from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.instances import Instances
from longtail.data.loading.scenes.scene import GREY, Scene
from longtail.data.semantic.classes import UNLABELLED

Window = tuple[int, int, int, int]
"""The part of a picture that is shown: x0, y0, x1, y1."""


@dataclass(frozen=True, eq=False)
class Tile:
    """Where a scene goes.

    Attributes:
        scene: All or a part of which is shown.
        window: Which part.
        place: Of the window's first pixel on the canvas.
    """

    scene: Scene
    window: Window
    place: tuple[int, int]


def cut(scene: Scene, window: Window) -> Scene:
    """The part of a scene inside a window that does not leave its picture, settled."""
    x0, y0, x1, y1 = window
    shift = Geometry(np.array([[1.0, 0, -x0], [0, 1, -y0]]), (y1 - y0, x1 - x0))
    return scene.moved(shift, partial(PilImage.Image.crop, box=window)).settled()


def quadrants(
    scenes: Sequence[Scene], centre: tuple[int, int], size: tuple[int, int]
) -> list[Tile]:
    """Four scenes around a place, each with a corner on it; those that show nothing are left out.

    Args:
        scenes: Top left, top right, bottom left, bottom right.
        centre: Where their corners meet, on the canvas.
        size: Of the canvas; what leaves it is not shown.
    """
    (x, y), (height, width) = centre, size
    tiles = []
    for scene, (left, top) in zip(scenes, ((1, 1), (0, 1), (1, 0), (0, 0)), strict=True):
        w = min(scene.size[1], x if left else width - x)
        h = min(scene.size[0], y if top else height - y)
        x0, y0 = (scene.size[1] - w) * left, (scene.size[0] - h) * top
        if w and h:
            tiles.append(Tile(scene, (x0, y0, x0 + w, y0 + h), (x - w * left, y - h * top)))
    return tiles


def assembled(size: tuple[int, int], tiles: Sequence[Tile]) -> Scene:
    """One scene of at least one tile; tiles do not overlap.

    Its sources are those of all tiles one after the other, and it has masks if all tiles have. A
    tile that is all of its scene and all of the canvas gives what that scene is when settled.
    """
    parts = [cut(tile.scene, tile.window) for tile in tiles]
    picture = PilImage.new("RGB", size[::-1], GREY)
    for part, tile in zip(parts, tiles, strict=True):
        picture.paste(part.picture, tile.place)
    offsets = [np.tile(tile.place, 2) for tile in tiles]
    pairs = list(zip(parts, offsets, strict=True))
    return Scene(
        picture=picture,
        instances=_joined(parts, [tile.place for tile in tiles]),
        sources=tuple(source for part in parts for source in part.sources),
        regions=np.concatenate([part.regions + offset for part, offset in pairs]),
        ignored=Ignored.joined(
            [part.ignored.with_boxes(part.ignored.boxes + offset) for part, offset in pairs]
        ),
        has_masks=all(part.has_masks for part in parts),
        semantic=_classes(size, parts, [tile.place for tile in tiles]),
        pending=Geometry.unmoved(size),
    )


def following_sources(instances: Instances, num_before: int) -> Instances:
    """The instances of a scene whose sources come after those of others."""
    return replace(instances, source=instances.source + num_before)


def _joined(parts: Sequence[Scene], places: Sequence[tuple[int, int]]) -> Instances:
    num_before = np.cumsum([0, *(len(part.sources) for part in parts)])
    return Instances.joined(
        [
            following_sources(part.instances.shifted(*place), int(before))
            for part, place, before in zip(parts, places, num_before[:-1], strict=True)
        ]
    )


def _classes(
    size: tuple[int, int], parts: Sequence[Scene], places: Sequence[tuple[int, int]]
) -> NDArray[np.uint8] | None:
    if all(part.semantic is None for part in parts):
        return None
    classes = np.full(size, UNLABELLED, np.uint8)
    for part, (x, y) in zip(parts, places, strict=True):
        if part.semantic is not None:
            height, width = part.size
            classes[y : y + height, x : x + width] = part.semantic
    return classes
