"""The training pictures that a mix draws its others from. N images of the annotation file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.config.augmentations import Augmentation
from longtail.config.mixing import Mixing
from longtail.data.loading.scenes.read import read_scene
from longtail.data.loading.scenes.scene import Scene
from longtail.data.lvis.annotations import Annotations
from longtail.data.sampling.partners import partner_probabilities
from longtail.data.semantic.classes import ClassMaps


class TrainingPictures:
    """All images of a file as scenes, by index or drawn.

    Args:
        annotations: The training file.
        images_root: Folder of its images.
        augmentations: Those of the stage: each that mixes says by which law it draws.
        use_empty_images: Whether images without instances are used.
        maps: The images' maps of classes, where they are learned from.

    Raises:
        ValueError: No image is left.
    """

    def __init__(
        self,
        annotations: Annotations,
        images_root: Path,
        augmentations: Sequence[Augmentation] = (),
        use_empty_images: bool = False,
        maps: ClassMaps | None = None,
    ) -> None:
        self.annotations = annotations
        self._images_root = images_root
        self._maps = maps
        # Summed here once, before loader processes are forked.
        self._summed: dict[float | None, NDArray[np.float64]] = {}
        for augmentation in augmentations:
            if isinstance(augmentation, Mixing):
                threshold = augmentation.drawn_by
                law = partner_probabilities(annotations, use_empty_images, threshold)
                self._summed[threshold] = np.cumsum(law)

    def read(self, i: int) -> Scene:
        """See `read_scene`."""
        return read_scene(self.annotations, i, self._images_root, self._maps)

    def draw(self, threshold: float | None, rng: np.random.Generator) -> Scene:
        """A picture drawn by the law of `partner_probabilities`, whichever was drawn before."""
        summed = self._summed[threshold]
        i = int(np.searchsorted(summed, rng.random() * summed[-1], side="right"))
        return self.read(min(i, len(summed) - 1))
