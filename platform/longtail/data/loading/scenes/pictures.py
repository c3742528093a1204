"""The pictures that a stage learns from, and the others that a mix draws.

N images of the training file; those of joined files come after them.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.config.augmentations import Augmentation
from longtail.config.mixing import Mixing
from longtail.data.joining.other_data import NO_OTHER_DATA, OtherData
from longtail.data.loading.scenes.joined import read_joined_scene
from longtail.data.loading.scenes.read import read_scene
from longtail.data.loading.scenes.scene import Scene
from longtail.data.lvis.annotations import Annotations
from longtail.data.sampling.partners import partner_probabilities
from longtail.data.semantic.classes import ClassMaps


class TrainingPictures:
    """All images as scenes, by index or drawn. Partners of a mix are drawn from the training file,
    also for an image of a joined one.

    Args:
        annotations: The training file.
        images_root: Folder of its images.
        augmentations: Those of the stage: each that mixes says by which law it draws.
        use_empty_images: Whether images without instances are used.
        maps: The images' maps of classes, where they are learned from; joined files have none.
        other: What is learned from besides.

    Attributes:
        files: The training file and the joined ones.
        augmentations: Of each of `files`.

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
        other: OtherData = NO_OTHER_DATA,
    ) -> None:
        self._annotations = annotations
        self._images_root = images_root
        self._maps = maps
        self._other = other
        self.files = [annotations, *(file.annotations for file in other.joined)]
        self.augmentations = [augmentations] + [
            augmentations if file.augmentations is None else file.augmentations
            for file in other.joined
        ]
        self._ends = list(accumulate(file.num_images for file in self.files))
        # Summed here once, before loader processes are forked.
        self._summed: dict[float | None, NDArray[np.float64]] = {}
        for augmentation in (item for of_file in self.augmentations for item in of_file):
            if isinstance(augmentation, Mixing):
                threshold = augmentation.drawn_by
                law = partner_probabilities(annotations, use_empty_images, threshold)
                self._summed[threshold] = np.cumsum(law)

    def place(self, i: int) -> tuple[int, int]:
        """The file of an image, 0 for the training file, and its index there."""
        number = int(np.searchsorted(self._ends, i, side="right"))
        return number, i - ([0, *self._ends])[number]

    def image_id(self, i: int) -> int:
        """Id of an image in its file."""
        number, index = self.place(i)
        return int(self.files[number].image_ids[index])

    def file_of(self, i: int) -> str | None:
        """Name of an image's file; None for the training file."""
        number, _ = self.place(i)
        return self._other.joined[number - 1].name if number else None

    def loss_weight(self, i: int) -> float:
        """Factor of an image's losses."""
        number, _ = self.place(i)
        return self._other.joined[number - 1].loss_weight if number else 1.0

    def read(self, i: int) -> Scene:
        """The picture with all that is known about it: see `read_scene`, `read_joined_scene`."""
        number, index = self.place(i)
        if number:
            return read_joined_scene(self._other.joined[number - 1], index)
        scene = read_scene(self._annotations, i, self._images_root, self._maps)
        return replace(scene, ignored=self._other.ignored_in(i))

    def draw(self, threshold: float | None, rng: np.random.Generator) -> Scene:
        """A picture drawn by the law of `partner_probabilities`, whichever was drawn before."""
        summed = self._summed[threshold]
        i = int(np.searchsorted(summed, rng.random() * summed[-1], side="right"))
        return self.read(min(i, len(summed) - 1))
