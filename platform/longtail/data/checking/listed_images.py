"""The images of an annotation file that cannot be opened, so that its pictures are checked, too."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from longtail.annotation_file.document import map_annotation_file
from longtail.data.lvis.annotations import resolve_image
from longtail.data.lvis.reading.images import read_images
from longtail.problems import BadInputError, ProblemReport


@dataclass(eq=False)
class ImagesOfFaultyFile:
    """The images whose records are sound; see `ListedImages`."""

    image_ids: NDArray[np.int64]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]
    names: list[list[str]]

    def file_name(self, i: int) -> str:
        """The first name of image i; "" where it has none."""
        return next(iter(self.names[i]), "")

    def image_path(self, i: int, root: Path) -> Path:
        """The picture of image i below a folder.

        Raises:
            BadInputError: There is none.
        """
        return resolve_image(root, *self.names[i])


def read_listed_images(path: Path) -> ImagesOfFaultyFile | None:
    """The images of a file, whatever else is wrong with it; None if they cannot be read."""
    try:
        records = map_annotation_file(path).split("images")
    except BadInputError:
        return None
    # What is wrong with them was told when the file was opened.
    table = read_images(records, ProblemReport(str(path)))
    names = zip(table.file_names, table.coco_names, strict=True)
    return ImagesOfFaultyFile(
        image_ids=table.ids,
        heights=table.heights,
        widths=table.widths,
        names=[[name for name in of_image if name] for of_image in names],
    )
