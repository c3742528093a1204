"""A picture with what is annotated in it: what transforms change.

G instances, S sources (1 unless pictures are mixed), I ignore boxes. Boxes are xyxy in continuous
pixels, sizes are (height, width).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.loading.sample import VerifiedCategories
from longtail.data.loading.scenes.geometry import Geometry
from longtail.data.loading.scenes.instances import Instances
from longtail.data.semantic.classes import UNLABELLED

Pixels = Callable[[PilImage.Image], PilImage.Image]

GREY = (114, 114, 114)
"""RGB of what shows nothing."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Pixels are changed at once; where annotations go is only noted, so that several maps are one
    and a bitmap is resampled once. `settled` carries them there.

    Attributes:
        picture: RGB.
        instances: Before `pending`.
        sources: What is verified in each picture it was made of.
        regions: (S, 4) float64, the part of the picture that shows each source; of no extent for
            one of which single instances were taken. Before `pending`.
        ignore_boxes: (I, 4) float64, before `pending`.
        ignore_weights: (I,) float32 in [0, 1].
        has_masks: False if any source is annotated with boxes only.
        semantic: uint8 of the picture's size before `pending`, the class of each pixel or 255; None
            where nothing is labelled.
        pending: From where annotations are to where they belong in `picture`.
    """

    picture: PilImage.Image
    instances: Instances
    sources: tuple[VerifiedCategories, ...]
    regions: NDArray[np.float64]
    ignore_boxes: NDArray[np.float64]
    ignore_weights: NDArray[np.float32]
    has_masks: bool
    semantic: NDArray[np.uint8] | None
    pending: Geometry

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        return self.picture.height, self.picture.width

    def moved(self, geometry: Geometry, pixels: Pixels) -> "Scene":
        """Carried elsewhere.

        Args:
            geometry: Where each place of the picture goes.
            pixels: Makes the new picture, of `geometry.size`, of the old one.
        """
        return replace(self, picture=pixels(self.picture), pending=self.pending.then(geometry))

    def recoloured(self, pixels: Pixels) -> "Scene":
        """With other colours; everything stays in its place."""
        return replace(self, picture=pixels(self.picture))

    def settled(self) -> "Scene":
        """Annotations where they belong; what vanished is dropped: see `Instances`."""
        geometry = self.pending
        boxes = geometry.boxes(self.ignore_boxes)
        kept = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)
        semantic = None if self.semantic is None else geometry.classes(self.semantic, UNLABELLED)
        return replace(
            self,
            instances=self.instances.moved(geometry),
            regions=geometry.boxes(self.regions),
            ignore_boxes=boxes[kept],
            ignore_weights=self.ignore_weights[kept],
            semantic=semantic,
            pending=Geometry.unmoved(self.size),
        )
