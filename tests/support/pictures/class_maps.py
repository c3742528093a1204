"""PNGs of classes for the images of an annotation file."""

from pathlib import Path

import numpy as np
from PIL import Image as PilImage

from longtail.data.lvis.annotations import Annotations

NUM_CATEGORIES = 5


def paint_maps(annotations: Annotations, folder: Path) -> Path:
    """A PNG for each image: class 1 + label mod 4 inside the boxes of its instances, else 0.

    Returns:
        The folder, which is made.
    """
    for i in range(len(annotations.image_ids)):
        classes = np.zeros((annotations.heights[i], annotations.widths[i]), np.uint8)
        instances = annotations.instances(i)
        for box, label in zip(instances.boxes.astype(int), instances.labels, strict=True):
            classes[box[1] : box[3], box[0] : box[2]] = 1 + label % (NUM_CATEGORIES - 1)
        path = folder / Path(annotations.file_name(i)).with_suffix(".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        PilImage.fromarray(classes).save(path)
    return folder
