"""Reading the `images` of a COCO file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longtail.data.convert.federated_lists import FEDERATED, Lists, read_lists
from longtail.data.convert.findings import Findings
from longtail.data.convert.numbers import is_id, whole_number
from longtail.data.convert.pictures import NoPicture, Picture, find_pictures, slashed

# JPEG's own limit, as everywhere in the platform.
LARGEST_SIDE = 65_535

Record = Mapping[str, Any]
Size = tuple[int, int]
Names = tuple[str, str]
"""`file_name` and `coco_url`."""
NO_NAMES = ("", "")


@dataclass(frozen=True)
class CocoImage:
    """One of `images`.

    Attributes:
        id: Its id.
        size: (height, width) in pixels, as the picture is shown.
        stored: (height, width) of a picture whose size was turned; else None.
        record: The LVIS record, without federated lists.
        listed: Federated lists that the file has; None if it has none.
    """

    id: int
    size: Size
    stored: Size | None
    record: dict[str, Any]
    listed: Lists | None = None


def read_images(
    records: Sequence[Record], images_root: Path | None, findings: Findings
) -> dict[int, CocoImage]:
    """The images by id, in the file's order; those with a fault go to the findings instead.

    Args:
        records: `images` of the file.
        images_root: Folder of the pictures: sizes and names are compared with them. None: not.
        findings: Receives faults and changes.
    """
    ids = [_read_id(record, position, findings) for position, record in enumerate(records)]
    names = [_read_names(record, position, findings) for position, record in enumerate(records)]
    pictures: Sequence[Picture | NoPicture | None] = [None] * len(records)
    if images_root is not None:
        pictures = find_pictures(images_root, [name or NO_NAMES for name in names])
    images: dict[int, CocoImage] = {}
    for image_id, named, picture, record in zip(ids, names, pictures, records, strict=True):
        if image_id is None or named is None:
            continue
        if image_id in images:
            remedy = "give every picture an id of its own, and its annotations too"
            findings.fault("images.id", "ids that occur twice", str(image_id), remedy)
        elif image := _read_image(image_id, named[0], picture, record, findings):
            images[image_id] = image
    _tell_names(images, names, findings, images_root is not None)
    return images


def _read_id(record: Record, position: int, findings: Findings) -> int | None:
    value = record.get("id")
    number = whole_number(value)
    if is_id(number):
        return number
    what = "a text; result files have numbers" if isinstance(value, str) else "no id"
    remedy = "number the images from 1, and image_id of their annotations alike"
    findings.fault("images.id", what, f"images[{position}]: {value!r:.60}", remedy)
    return None


def _read_names(record: Record, position: int, findings: Findings) -> Names | None:
    names = [record.get(key) or "" for key in ("file_name", "coco_url")]
    if any(names) and all(isinstance(name, str) for name in names):
        return names[0], names[1]
    what = "neither a file_name nor a coco_url"
    findings.fault("images.file_name", what, f"images[{position}]", "add file_name")
    return None


def _read_image(
    image_id: int, name: str, picture: Picture | NoPicture | None, record: Record, found: Findings
) -> CocoImage | None:
    where = f"image {image_id}"
    if isinstance(picture, NoPicture):
        found.fault("images.file_name", picture.what, f"{where}: {name}", picture.remedy)
        return None
    sides = [_read_side(record, side, where, found) for side in ("height", "width")]
    size = (sides[0], sides[1]) if all(sides) else None
    stored = None
    if picture is not None:
        size, stored = _compare(size, picture, where, found)
    elif size is None:
        remedy = "give --images DIR: sizes are read from the pictures"
        found.fault("images.height", "no height and width", where, remedy)
    if size is None:
        return None
    kept = {key: value for key, value in record.items() if key not in (*FEDERATED, "id")}
    sized = {"id": image_id, **kept, "height": size[0], "width": size[1]}
    if name:
        sized["file_name"] = picture.name if picture else slashed(name)
    return CocoImage(image_id, size, stored, sized, read_lists(record, where, found))


def _read_side(record: Record, side: str, where: str, findings: Findings) -> int:
    """Pixels; 0 if the file does not say, as for pictures that an exporter could not open."""
    value = record.get(side)
    if isinstance(value, str) and value.strip().isdecimal():
        findings.changed("height or width as a text: made a number", [where])
        value = int(value)
    number = 0 if value is None else whole_number(value)
    if number is not None and 0 <= number <= LARGEST_SIDE:
        return number
    what = f"not a number of pixels up to {LARGEST_SIDE}"
    findings.fault(f"images.{side}", what, f"{where}: {value!r:.60}", "correct the value")
    return 0


def _compare(
    size: Size | None, picture: Picture, where: str, findings: Findings
) -> tuple[Size | None, Size | None]:
    """The size as shown, and the stored one if that is what the file had."""
    if size is None:
        findings.changed("no height and width: read from the picture", [where])
        return picture.shown, None
    if size == picture.shown:
        return size, None
    if size == picture.stored:
        findings.changed(
            "height and width as stored, but EXIF turns the picture by a quarter: exchanged;"
            " look at one of them with its outlines",
            [where],
        )
        return picture.shown, picture.stored
    has, says = "{} x {}".format(*picture.shown), "{} x {}".format(*size)
    remedy = "name the folder of the pictures that were annotated"
    what = "another size than its picture (height x width)"
    findings.fault("images.height", what, f"{where}: {says}, the picture {has}", remedy)
    return None, None


def _tell_names(
    images: Mapping[int, CocoImage], names: Sequence[Names | None], found: Findings, compared: bool
) -> None:
    """Say which names changed, and which may have to."""
    given = {named[0] for named in names if named}
    for image in images.values():
        name = image.record.get("file_name")
        if name and name not in given:
            what = "file_name with \\ or %-codes: written with / and plain letters"
            found.changed(what, [f"image {image.id}: {name}"])
        elif not compared and name and "%" in name:
            what = "file_name with %: kept; --images DIR compares names with the files"
            found.changed(what, [f"image {image.id}: {name}"])
