"""The files of one source joined: of different images, or repeating one another exactly.

A distributed sampler pads: it gives some images to two ranks, so that all have as many. What the
second one found in them is left out and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from longtail.predictions.checks.repeats import without_repeats
from longtail.predictions.columns import DetectionColumns
from longtail.predictions.spill import IMAGES_WITH_REPEATS, REPEATS
from longtail.predictions.store import PredictionStore
from longtail.problems import BadInputError


@dataclass
class SourceParts:
    """The parts of a source, joined block by block.

    Attributes:
        files: What each part was read from, for the error text.
        parts: A store of each, without repeats.
        notes: The notes of all parts added up, with the repeats that were found so far.
    """

    files: Sequence[Path]
    parts: Sequence[PredictionStore]
    notes: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.notes = {}
        for part in self.parts:
            for key, count in part.manifest.notes.items():
                self._note(key, count)

    def block(self, number: int) -> DetectionColumns:
        """The detections of all parts in one block, part after part.

        Raises:
            BadInputError: Two parts have different detections of one image.
        """
        blocks = [part.read_block(number, with_soft_masks=True) for part in self.parts]
        first: dict[int, int] = {}
        for place, columns in enumerate(blocks):
            images = np.unique(columns.image_id).tolist()
            shared = [image for image in images if first.setdefault(image, place) != place]
            for image in shared:
                self._check_alike(image, first[image], place, blocks)
            if shared:
                repeated = np.isin(columns.image_id, shared)
                self._note(REPEATS, int(repeated.sum()))
                self._note(IMAGES_WITH_REPEATS, len(shared))
                blocks[place] = columns.take(~repeated)
        return DetectionColumns.concatenate(blocks)

    def _check_alike(
        self, image: int, one: int, other: int, blocks: Sequence[DetectionColumns]
    ) -> None:
        parts = [blocks[place].take(blocks[place].image_id == image) for place in (one, other)]
        together = len(without_repeats(DetectionColumns.concatenate(parts)))
        if together == len(parts[0]) == len(parts[1]):
            return
        raise BadInputError(
            f"{self.files[other]}: has detections of image {image}, as {self.files[one]} has, and "
            "not the same ones; the files of one source hold different images, or repeat one "
            "another exactly: name two models as two sources"
        )

    def _note(self, key: str, count: int) -> None:
        self.notes[key] = self.notes.get(key, 0) + count
