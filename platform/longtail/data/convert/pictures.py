"""What the headers of picture files say: pixels as they are stored, and as they are shown.

A camera stores a portrait as a landscape with an EXIF orientation that says how to turn it.
Annotation tools show the turned picture; some of them export the stored width and height.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from longtail.data.lvis.annotations import resolve_image
from longtail.data.pictures.faults import BadPictureError
from longtail.data.pictures.opening import opened
from longtail.data.pictures.orientation import orientation_of, shown_size
from longtail.problems import BadInputError

THREADS = 16


class Picture(NamedTuple):
    """A picture file.

    Attributes:
        name: `file_name` as the file is found by it; "" for a picture of `coco_url` alone.
        stored: (height, width) of the file.
        shown: (height, width) after its EXIF orientation is applied.
    """

    name: str
    stored: tuple[int, int]
    shown: tuple[int, int]


class NoPicture(NamedTuple):
    """Why there is no picture: field `what`, and the remedy."""

    what: str
    remedy: str


MISSING = NoPicture("no such file under --images", "complete the folder, or name another one")
UNREADABLE = NoPicture("cannot be read as a picture", "copy or download the file again")


def find_pictures(root: Path, names: Sequence[tuple[str, str]]) -> list[Picture | NoPicture]:
    """The picture of each image below a folder, by its header alone.

    Args:
        root: The folder.
        names: `file_name` and `coco_url` of each image, "" where there is none.
    """
    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(lambda pair: _find(root, *pair), names))


def _find(root: Path, file_name: str, coco_url: str) -> Picture | NoPicture:
    for name in dict.fromkeys((file_name, slashed(file_name), unquote(slashed(file_name)))):
        if name and (path := _resolve(root, name)):
            return _read_header(path, name)
    # As the reader of annotation files does.
    coco_name = "/".join(coco_url.split("/")[-2:])
    if coco_name and (path := _resolve(root, coco_name)):
        return _read_header(path, slashed(file_name))
    return MISSING


def _resolve(root: Path, name: str) -> Path | None:
    try:
        return resolve_image(root, name)
    except BadInputError:
        return None


def slashed(name: str) -> str:
    """A name with the folders that Windows wrote."""
    return name.replace("\\", "/")


def _read_header(path: Path, name: str) -> Picture | NoPicture:
    try:
        with opened(path) as picture:
            stored = picture.height, picture.width
            return Picture(name, stored, shown_size(picture, orientation_of(picture)))
    except BadPictureError:
        return UNREADABLE
