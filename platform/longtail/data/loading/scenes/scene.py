"""A picture with what is annotated in it: what transforms change.

G instances, S sources (1 unless pictures are mixed), I ignore boxes. Boxes are xyxy in continuous
pixels, sizes are (height, width).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PilImage

from longtail.data.joining.ignored import Ignored
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
        ignored: I boxes where background counts less, before `pending`.
        has_masks: False if any source is annotated with boxes only.
        semantic: uint8 of the picture's size before `pending`, the class of each pixel or 255; None
            where nothing is labelled.
        pending: From where annotations are to where they belong in `picture`.
    """

    picture: PilImage.Image
    instances: Instances
    sources: tuple[VerifiedCategories, ...]
    regions: NDArray[np.float64]
    ignored: Ignored
    has_masks: bool
    semantic: NDArray[np.uint8] | None
    pending: Geometry

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the picture."""
        return self.picture.height, self.picture.width

    def moved(self, geometry: Geometry, pixels: Pixels) -> "Scene":
        """Carried elsewhere.

        What was cut off does not come back: annotations are cut too before the picture gets a
        margin.

        Args:
            geometry: Where each place of the picture goes.
            pixels: Makes the new picture, of `geometry.size`, of the old one.
        """
        comes_back = self.pending.cuts and geometry.shows_outside(self.size)
        scene = self.settled() if comes_back else self
        return replace(scene, picture=pixels(self.picture), pending=scene.pending.then(geometry))

    def recoloured(self, pixels: Pixels) -> "Scene":
        """With other colours; everything stays in its place."""
        return replace(self, picture=pixels(self.picture))

    def settled(self) -> "Scene":
        """Annotations where they belong; what vanished is dropped: see `Instances`."""
        geometry = self.pending
        boxes = geometry.boxes(self.ignored.boxes)
        kept: NDArray[np.bool_] = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
        semantic = None if self.semantic is None else geometry.classes(self.semantic, UNLABELLED)
        return replace(
            self,
            instances=self.instances.moved(geometry),
            regions=geometry.boxes(self.regions),
            ignored=self.ignored.with_boxes(boxes).take(kept),
            semantic=semantic,
            pending=Geometry.unmoved(self.size),
        )
