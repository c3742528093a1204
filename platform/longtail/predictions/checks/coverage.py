"""Whether predictions are of the images they are used for: in how many they find anything.

At a high score threshold some images are left without a detection. A set that has none in half of
them was most often made for another split, or has the image ids of another file.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.predictions.store import PredictionStore

LEAST_SHARE = 0.5
"""A set that finds something in no more of the images is warned of."""


@dataclass(frozen=True)
class Coverage:
    """How many images have a detection.

    Attributes:
        num_images: Images that should have one.
        num_found: Those that have.
        what: What these images are called.
        knows_all: Whether the model knows all categories. An expert of some may well find nothing
            in most images: only one without any detection is told.
    """

    num_images: int
    num_found: int
    what: str = "images"
    knows_all: bool = True

    @classmethod
    def of_objects(
        cls,
        has_objects: NDArray[np.bool_],
        has_detections: NDArray[np.bool_],
        knows_all: bool = True,
    ) -> "Coverage":
        """Of the images that have objects: (N,) of each image, whether it has one, and finds."""
        both = int((has_objects & has_detections).sum())
        return cls(int(has_objects.sum()), both, "images with objects", knows_all)

    @property
    def is_low(self) -> bool:
        """Whether a person should know."""
        least = LEAST_SHARE if self.knows_all else 0.0
        return self.num_found <= least * self.num_images and self.num_images > 0

    def warning(self, name: object) -> str:
        """What is wrong with the predictions of this name, with the counts and the likely cause."""
        missing = self.num_images - self.num_found
        cause = "the results of another split, or with the image ids of another file"
        if not self.num_found:
            return (
                f"{name} has no detection in any of {self.num_images} {self.what}: right for a"
                f" model that found nothing; otherwise these are {cause}"
            )
        return (
            f"{name} has detections in only {self.num_found} of {self.num_images} {self.what};"
            f" every object of {missing} images counts as missed: are these {cause}?"
        )


def images_found(store: PredictionStore) -> NDArray[np.bool_]:
    """(N,) whether an image of the store has a detection."""
    found = np.zeros(len(store.images), np.bool_)
    for number in range(store.block_count):
        found[store.images.find(store.read_block(number, with_masks=False).image_id)] = True
    return found
