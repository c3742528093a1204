"""Files whose images are learned from beside those of the training file.

L categories of such a file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.categories import CategoryTable
from longtail.config.augmentations import Augmentation
from longtail.config.other_data.joined import JoinedFile
from longtail.data.joining.also_file import AlsoFile
from longtail.data.joining.matched import NONE, matched_labels
from longtail.data.lvis.annotations import Annotations


@dataclass(frozen=True, eq=False)
class JoinedImages:
    """An open file, and how a stage learns from it.

    Attributes:
        name: What configurations call it.
        annotations: The file.
        root: Folder of its pictures.
        labels: (L,) the training file's index of each of its categories, or -1.
        images: Indices of the images that are used, ascending.
        images_per_epoch: So many of them are drawn for each epoch; at most all.
        loss_weight: Factor of their losses.
        augmentations: What happens to them; None does what happens to the training file's.
    """

    name: str
    annotations: Annotations
    root: Path
    labels: NDArray[np.int64]
    images: NDArray[np.int64]
    images_per_epoch: int
    loss_weight: float
    augmentations: Sequence[Augmentation] | None


def open_joined(
    training: CategoryTable,
    joined: JoinedFile,
    file: AlsoFile,
    use_empty_images: bool,
    *,
    at_most: bool = False,
) -> JoinedImages:
    """Open a file that a stage names.

    Args:
        training: The categories that are learned.
        joined: How it is learned from.
        file: Where it is.
        use_empty_images: Whether images without instances of those categories are used.
        at_most: Its `images_per_epoch` is an upper bound, as of files that are made by a rule.

    Raises:
        ValueError: It has fewer images than an epoch is to draw, or none that is used.
        BadInputError: The file cannot be used, or no category of it is learned.
    """
    annotations = file.annotations()
    of = training, annotations.categories, str(file.path)
    labels = matched_labels(*of, by_name=file.by_name)
    offsets, seen = annotations.labels_per_image()
    known = np.concatenate([[0], np.cumsum(labels[seen] != NONE)])
    images = np.flatnonzero((np.diff(known[offsets]) > 0) | use_empty_images)
    if not len(images):
        raise ValueError(
            f"{file.path}: none of its {annotations.num_images} images has an instance of a"
            " category of the training file; leave it out, or set"
            " data.use_images_without_annotations=true"
        )
    wanted = joined.images_per_epoch or len(images)
    if wanted > len(images) and not at_most:
        raise ValueError(
            f"joined file {joined.file}: images_per_epoch {wanted}, but {file.path} has"
            f" {len(images)} images to learn from; give at most as many, or null for all"
        )
    return JoinedImages(
        name=joined.file,
        annotations=annotations,
        root=file.images,
        labels=labels,
        images=images,
        images_per_epoch=min(wanted, len(images)),
        loss_weight=joined.loss_weight,
        augmentations=joined.augmentations,
    )
