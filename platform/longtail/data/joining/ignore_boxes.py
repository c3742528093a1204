"""Boxes of another file over the training images, where background counts less.

N images and K categories of the training file, I boxes of an image.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from longtail.config.other_data.ignored import IgnoreBoxes
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.ignored import Ignored
from longtail.data.joining.matched import NONE, matched_images, matched_labels
from longtail.data.lvis.annotations import Annotations
from longtail.data.lvis.clipping import clip_boxes, xyxy_from_xywh
from longtail.problems import BadInputError


@dataclass(frozen=True, eq=False)
class BoxesOfFile:
    """An open file whose boxes are ignored.

    Attributes:
        name: What configurations call it.
        annotations: The file.
        images: (N,) its index of each training image, or -1.
        labels: The training file's index of each of its categories, or -1; None where boxes are of
            all categories.
        weight: Of background there.
        proposals: Whether that of proposals counts less too.
    """

    name: str
    annotations: Annotations
    images: NDArray[np.int64]
    labels: NDArray[np.int64] | None
    weight: float
    proposals: bool

    def of_image(self, i: int) -> Ignored:
        """The boxes over training image i, cut to it, in the file's order: crowds as well."""
        m = int(self.images[i])
        if m == NONE:
            return Ignored.none()
        written = self.annotations.written
        rows = slice(*written.offsets[m : m + 2].tolist())
        size = int(self.annotations.heights[m]), int(self.annotations.widths[m])
        boxes = clip_boxes(xyxy_from_xywh(written.boxes[rows]), size)
        seen: NDArray[np.bool_] = np.all(boxes[:, 2:] > boxes[:, :2], axis=1)
        labels = None if self.labels is None else self.labels[written.labels[rows]]
        found = Ignored.alike(boxes, self.weight, proposals=self.proposals, labels=labels)
        return found.take(seen if labels is None else np.logical_and(seen, labels != NONE))


def open_ignore_boxes(training: Annotations, ignore: IgnoreBoxes, file: AlsoFile) -> BoxesOfFile:
    """Open a file that a stage names.

    Args:
        training: The training file.
        ignore: What its boxes do.
        file: Where it is.

    Raises:
        BadInputError: The file cannot be used, or none of its images, or of its categories where
            boxes are of their own, is one of the training file.
    """
    annotations = file.annotations()
    images = matched_images(training, annotations)
    if (images == NONE).all():
        raise BadInputError(
            f"{file.path}: none of its {annotations.num_images} images is one of {training.path},"
            " by id or name of its file and by its size; its boxes are to be ignored in those"
            " images, so give a file of the same ones"
        )
    labels = None
    if ignore.categories == "own":
        of = training.categories, annotations.categories, str(file.path)
        labels = matched_labels(*of, by_name=file.by_name)
    return BoxesOfFile(ignore.file, annotations, images, labels, ignore.weight, ignore.proposals)
