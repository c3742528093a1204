"""Reading the `annotations` of a COCO file, one by one: memory holds what will be written."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from longtail.data.convert.boxes_and_areas import box_and_area, leaves
from longtail.data.convert.findings import Findings
from longtail.data.convert.image_records import CocoImage
from longtail.data.convert.numbers import is_flag, is_id, whole_number
from longtail.data.convert.outlines import UnusableOutlineError, mend_outline

CROWD = (
    "crowd (iscrowd 1): no instance; its category is not exhaustive in that image, so that"
    " evaluation passes over detections there that match nothing; training leaves it out"
)
KNOWN_REMEDY = "remove the annotation, or add the record it names"


class Instance(NamedTuple):
    """An instance of the new file.

    Attributes:
        id: Its annotation id; None where it gets a new one.
        image_id: Image it is in.
        category_id: What it is.
        has_mask: Whether it has an outline.
        fields: The LVIS record without its id, as JSON.
    """

    id: int | None
    image_id: int
    category_id: int
    has_mask: bool
    fields: bytes


@dataclass
class ReadAnnotations:
    """What `annotations` of a COCO file hold.

    Attributes:
        instances: In the file's order.
        crowds: Categories of the crowds in each image.
    """

    instances: list[Instance] = field(default_factory=list)
    crowds: dict[int, set[int]] = field(default_factory=dict)


def read_annotations(
    records: Iterable[msgspec.Raw],
    images: Mapping[int, CocoImage],
    categories: Collection[int],
    faulty: Mapping[str, Collection[int]],
    findings: Findings,
) -> ReadAnnotations:
    """The instances and crowds; records with a fault go to the findings instead.

    Args:
        records: `annotations` of the file, each as JSON.
        images: By id.
        categories: Their ids.
        faulty: Ids of records with a fault of their own, by the key that refers to them
            (`image_id`, `category_id`): what refers to them is passed over.
        findings: Receives faults and changes.
    """
    read, taken = ReadAnnotations(), set[int]()
    for position, raw in enumerate(records):
        record = _decoded(raw, position, findings)
        if record is None:
            continue
        given = whole_number(record.get("id"))
        where = f"annotation {given}" if given is not None else f"annotations[{position}]"
        image_id = _reference(record, "image_id", images, faulty, where, findings)
        category_id = _reference(record, "category_id", categories, faulty, where, findings)
        crowd = record.get("iscrowd") or 0
        if not is_flag(crowd):
            offender = f"{where}: {crowd!r:.60}"
            findings.fault("annotations.iscrowd", "neither 0 nor 1", offender, "write 0 or 1")
        elif image_id is None or category_id is None:
            continue
        elif crowd:
            read.crowds.setdefault(image_id, set()).add(category_id)
            findings.changed(CROWD, [where])
        elif fields := _read_fields(record, images[image_id], where, findings):
            annotation_id = _usable_id(record.get("id"), taken, where, findings)
            read.instances.append(
                Instance(
                    annotation_id, image_id, category_id, "segmentation" in fields, _encode(fields)
                )
            )
    return read


def _decoded(raw: msgspec.Raw, position: int, findings: Findings) -> dict[str, Any] | None:
    where = f"annotations[{position}]"
    try:
        record = msgspec.json.decode(raw)
    except msgspec.DecodeError as error:
        findings.fault("annotations", f"{error}".split(" - ")[0], where, "correct the value")
        return None
    if isinstance(record, dict):
        return record
    findings.fault("annotations", "not an object", where, "write each annotation as an object")
    return None


def _usable_id(value: object, taken: set[int], where: str, findings: Findings) -> int | None:
    """The file's id if it can stay. Nothing refers to it, so any other does as well."""
    number = whole_number(value)
    if number is None or not is_id(number):
        findings.changed("annotation without a whole number as id: numbered", [where])
        return None
    if number == 0:
        what = "annotation id 0, with which lvis-api counts a match as a miss: renumbered"
        findings.changed(what, [where])
        return None
    if number in taken:
        findings.changed("annotation id that occurs twice: renumbered", [where])
        return None
    taken.add(number)
    return number


def _reference(
    record: Mapping[str, Any],
    key: str,
    known: Collection[int],
    faulty: Mapping[str, Collection[int]],
    where: str,
    findings: Findings,
) -> int | None:
    value = record.get(key)
    number = whole_number(value)
    if number in known:
        return number
    if number in faulty[key]:
        return None
    what = "missing, or no number" if number is None else "unknown id"
    findings.fault(f"annotations.{key}", what, f"{where}: {value!r:.60}", KNOWN_REMEDY)
    return None


def _read_fields(
    record: Mapping[str, Any], image: CocoImage, where: str, findings: Findings
) -> dict[str, Any] | None:
    """The LVIS record without its id; None for an instance with a fault."""
    where = f"{where} of image {image.id}"
    try:
        outline, changes = mend_outline(record.get("segmentation"), image.size)
        box, area = box_and_area(record, outline, image.size, where, findings)
    except UnusableOutlineError as error:
        findings.fault("annotations.segmentation", str(error), where, error.remedy)
        return None
    for change in changes:
        findings.changed(change, [where])
    if box is None or area is None:
        return None
    if image.stored and leaves(box, image.size) and not leaves(box, image.stored):
        remedy = "take the orientation off the picture, as exiftool -Orientation= FILE does"
        what = "drawn on the stored pixels of a picture that EXIF turns by a quarter"
        findings.fault("annotations.bbox", what, where, remedy)
    fields: dict[str, Any] = {"image_id": image.id, "category_id": int(record["category_id"])}
    if outline is not None:
        fields["segmentation"] = outline
    fields |= {"bbox": box, "area": area}
    return fields | ({"ignore": 1} if record.get("ignore") else {})


def _encode(fields: Mapping[str, Any]) -> bytes:
    return msgspec.json.encode(fields)
