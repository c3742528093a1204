"""Which file each image of an annotation file is."""

from collections import defaultdict
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from longtail.path_options import short_path
from longtail.problems import BadInputError, ProblemReport

FILE_NAME = "images.file_name"
MISSING_REMEDY = "give the folder that holds the pictures with --images, or complete it"
SHARED_REMEDY = (
    "keep the folders of file_name below the image folder, or give every picture a name of its own"
)


class ListedImages(Protocol):
    """The N images of an annotation file, which may have faults that keep it from being opened.

    Attributes:
        image_ids: (N,) int64.
        heights: (N,) int64, pixels.
        widths: (N,) int64, pixels.
    """

    image_ids: NDArray[np.int64]
    heights: NDArray[np.int64]
    widths: NDArray[np.int64]

    def file_name(self, i: int) -> str:
        """What the file calls the picture of image i; "" where it has no name for it."""
        ...

    def image_path(self, i: int, root: Path) -> Path:
        """The picture of image i below a folder.

        Raises:
            BadInputError: There is none.
        """
        ...


def find_files(images: ListedImages, root: Path, report: ProblemReport) -> list[Path | None]:
    """The picture file of each image below a folder, None where there is none.

    Images without a file, and files that would serve several images, are errors of the report.
    """
    files = [_find(images, i, root) for i in range(len(images.image_ids))]
    named = [bool(images.file_name(i)) for i in range(len(files))]
    nameless = [image_name(images, i) for i in range(len(files)) if not named[i]]
    report.error(FILE_NAME, "neither file_name nor coco_url", nameless, "add file_name")
    missing = [image_name(images, i) for i, file in enumerate(files) if named[i] and not file]
    report.error(FILE_NAME, f"no such file under {short_path(root)}", missing, MISSING_REMEDY)
    what = "several images with one file, so that all but one get a wrong picture"
    report.error(FILE_NAME, what, _shared(images, files, root), SHARED_REMEDY)
    return files


def image_name(images: ListedImages, i: int) -> str:
    """An image for the reader of a report: its id and the name that the annotations give it."""
    name = images.file_name(i)
    return f"image {images.image_ids[i]}" + (f": {name}" if name else "")


def _find(images: ListedImages, i: int, root: Path) -> Path | None:
    try:
        return images.image_path(i, root)
    except BadInputError:
        return None


def _shared(images: ListedImages, files: list[Path | None], root: Path) -> list[str]:
    users: dict[Path, list[int]] = defaultdict(list)
    for i, file in enumerate(files):
        if file is not None:
            users[file].append(i)
    return [
        f"{file.relative_to(root)} for {', '.join(image_name(images, i) for i in of_file)}"
        for file, of_file in users.items()
        if len(of_file) > 1
    ]
