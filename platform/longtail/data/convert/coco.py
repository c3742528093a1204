"""From a file in COCO format to files in LVIS format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from rich.markup import escape

from longtail.annotation_file.document import map_annotation_file
from longtail.data.convert.annotation_records import read_annotations
from longtail.data.convert.category_records import counts_of, read_categories, tell_unused
from longtail.data.convert.federated_lists import FEDERATED, check_lists
from longtail.data.convert.findings import Change, Findings
from longtail.data.convert.frequency import (
    LVIS_LIMITS,
    Limits,
    count_categories,
    count_instances,
    counts_in,
    thirds,
)
from longtail.data.convert.image_records import read_images
from longtail.data.convert.lvis_file import LvisSet
from longtail.data.convert.numbers import whole_number
from longtail.data.convert.split import draw_val_images, one_sided
from longtail.problems import BadInputError
from longtail.progress import tracked_records


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        source: The COCO file.
        images: Folder of the pictures: sizes and names are compared with them; None: not.
        counts_of: Training file in LVIS format that the counts are taken from.
        limits: Of the frequency groups; None for thirds of the categories.
        val_share: Share of the images that become a validation file; None for one file.
        seed: Of that draw.
        exhaustive: Write federated lists anew where the file has some.
    """

    source: Path
    images: Path | None = None
    counts_of: Path | None = None
    limits: Limits | None = LVIS_LIMITS
    val_share: float | None = None
    seed: int = 0
    exhaustive: bool = False


@dataclass(frozen=True)
class Converted:
    """The outcome, not written yet.

    Attributes:
        files: The new files: one, or those of training and validation, in this order.
        limits: Of the frequency groups; None where the counts are another file's.
        suggested: Limits that draw groups of equal size; None where none do.
        changes: What the new files have otherwise than the source.
    """

    files: tuple[LvisSet, ...]
    limits: Limits | None
    suggested: Limits | None
    changes: list[Change]


def convert_coco(request: Request) -> Converted:
    """Read a COCO file and make of it what LVIS files hold.

    Raises:
        BadInputError: The file has faults, all of which the text lists; or the training file that
            counts are taken from has other categories.
    """
    findings = Findings(str(request.source))
    file = map_annotation_file(request.source)
    category_records = file.categories()
    categories = read_categories(category_records, findings)
    image_records = _images(file.split("images"), request)
    images = read_images(image_records, request.images, findings)
    faulty = {
        "image_id": _ids(image_records) - images.keys(),
        "category_id": _ids(category_records) - categories.keys(),
    }
    records = file.split("annotations")
    listed = tracked_records(records, f"reading annotations of {escape(str(request.source))}")
    read = read_annotations(listed, images, categories, faulty, findings)
    lists = {image.id: image.listed for image in images.values()}
    check_lists(lists, findings)
    findings.raise_if_faulty()
    tell_unused(categories, count_instances(read.instances), findings)
    whole = LvisSet(
        request.source.name, [*images.values()], read.instances, read.crowds, categories, {}
    )
    return _counted(whole, request, findings)


def _images(records: list[msgspec.Raw], request: Request) -> list[dict[str, Any]]:
    try:
        images = [msgspec.json.decode(raw, type=dict[str, Any]) for raw in records]
    except msgspec.ValidationError as error:
        raise BadInputError(f"{request.source}: images: {error}; write objects") from None
    except msgspec.DecodeError as error:
        raise BadInputError(f"{request.source}: images: {error}; correct the value") from None
    if request.exhaustive:
        return [{k: v for k, v in image.items() if k not in FEDERATED} for image in images]
    return images


def _ids(records: Sequence[Mapping[str, Any]]) -> set[int]:
    numbers = [whole_number(record.get("id")) for record in records]
    return {number for number in numbers if number is not None}


def _counted(whole: LvisSet, request: Request, findings: Findings) -> Converted:
    if request.counts_of is not None:
        counts = counts_in(counts_of(request.counts_of, whole.categories))
        return Converted((replace(whole, counts=counts),), None, None, findings.changes())
    parts = _parts(whole, request, findings)
    limits = request.limits or _thirds_of(parts[0], request.source)
    counts = count_categories(whole.categories, parts[0].instances, limits)
    files = tuple(replace(part, counts=counts) for part in parts)
    return Converted(files, limits, thirds(counts), findings.changes())


def _parts(whole: LvisSet, request: Request, findings: Findings) -> tuple[LvisSet, ...]:
    if request.val_share is None:
        return (whole,)
    labels = whole.labels()
    if len(labels) < 2:
        raise BadInputError(f"{request.source}: {len(labels)} images cannot be shared out")
    val = draw_val_images(labels, request.val_share, request.seed)
    names = [f"{whole.categories[c]['name']}" for c in one_sided(labels, val)]
    findings.changed("category of several images that is in one of the two files only", names)
    return whole.part(labels.keys() - val), whole.part(val)


def _thirds_of(part: LvisSet, source: Path) -> Limits:
    limits = thirds(count_categories(part.categories, part.instances, LVIS_LIMITS))
    if limits is None:
        raise BadInputError(
            f"{source}: no three different numbers of images a category, so that thirds cannot be"
            " drawn; give the limits as numbers, as in --frequency-limits 10,100"
        )
    return limits
