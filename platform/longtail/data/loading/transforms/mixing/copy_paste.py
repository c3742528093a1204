"""Instances of another picture in front of this one: Ghiasi et al. 2021, Simple Copy-Paste.

As there, edges are not blended. Unlike there, the frame is this picture's own; what the paper
jitters, stands before the mix in the list of augmentations. G instances, sizes are (height, width).
"""

from dataclasses import replace

import numpy as np
from PIL import Image as PilImage

from longtail.data.loading.scenes.instances import Instances
from longtail.data.loading.scenes.scene import Scene
from longtail.data.loading.transforms.base import Others
from longtail.data.loading.transforms.mixing.covers import (
    cover_of,
    has_pixels,
    without_classes,
)
from longtail.data.loading.transforms.mixing.tiles import cut, following_sources


class CopyPaste:
    """A random subset of another picture's instances, each at its place there.

    Args:
        probability: That another picture is drawn for an image, in [0, 1].
        instance_probability: That an instance of it is pasted, in (0, 1]; one without a mask never
            is, nor one that is outside of this picture.
        drawn_by: Threshold of the repeat factors that partners are drawn by; None for uniform.
    """

    def __init__(
        self, probability: float, instance_probability: float, drawn_by: float | None
    ) -> None:
        self.probability = probability
        self.instance_probability = instance_probability
        self.drawn_by = drawn_by

    def __call__(self, scene: Scene, rng: np.random.Generator, others: Others) -> Scene:
        """See `Transform`."""
        if rng.random() >= self.probability:
            return scene
        partner = others(self.drawn_by)
        height, width = np.minimum(scene.size, partner.size).tolist()
        partner = cut(partner, (0, 0, width, height))
        instances = partner.instances
        chosen = rng.random(len(instances)) < self.instance_probability
        instances = instances.take(np.flatnonzero(chosen & has_pixels(instances)))
        if not len(instances):
            return scene
        return _pasted(scene, replace(partner, instances=instances))

    def largest(self, sides: tuple[int, int]) -> tuple[int, int]:
        """See `Transform`."""
        return sides


def _pasted(scene: Scene, partner: Scene) -> Scene:
    """All of the partner's instances over the scene, which is at least as large."""
    scene = scene.settled()
    cover = cover_of(partner.instances, scene.size)
    picture = scene.picture.copy()
    inside = cover[: partner.size[0], : partner.size[1]]
    picture.paste(partner.picture, (0, 0), PilImage.fromarray(inside))
    behind = scene.instances.covered(cover)
    front = following_sources(partner.instances, len(scene.sources))
    return replace(
        scene,
        picture=picture,
        instances=Instances.joined([behind, front]),
        sources=scene.sources + partner.sources,
        regions=np.concatenate([scene.regions, np.zeros((len(partner.sources), 4))]),
        semantic=without_classes(scene.semantic, cover),
    )
