"""Writing an LVIS file: categories with counts, images with federated lists, instances."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from longtail.data.convert.annotation_records import Instance
from longtail.data.convert.frequency import Counts
from longtail.data.convert.image_records import CocoImage
from longtail.files import replacing


@dataclass(frozen=True)
class LvisSet:
    """What a file is made of.

    Attributes:
        source: Name of the file it comes from.
        images: Its images.
        instances: Its instances.
        crowds: Categories of the crowds in each image.
        categories: Records of the categories by id, without counts.
        counts: Of each category in training.
    """

    source: str
    images: Sequence[CocoImage]
    instances: Sequence[Instance]
    crowds: Mapping[int, Collection[int]]
    categories: Mapping[int, Mapping[str, Any]]
    counts: Mapping[int, Counts]

    def part(self, chosen: Collection[int]) -> "LvisSet":
        """The same with some of the images."""
        return replace(
            self,
            images=[image for image in self.images if image.id in chosen],
            instances=[instance for instance in self.instances if instance.image_id in chosen],
        )

    def labels(self) -> dict[int, set[int]]:
        """Categories with an instance in each image, in the file's order."""
        found: dict[int, set[int]] = {image.id: set() for image in self.images}
        for instance in self.instances:
            found[instance.image_id].add(instance.category_id)
        return found


def write_lvis(path: Path, content: LvisSet) -> None:
    """Write a file, whole or not at all; the same content gives the same bytes."""
    labels = content.labels()
    info = {"description": f"{content.source} in LVIS format"}
    categories = (_category(content, category) for category in sorted(content.categories))
    images = (_image(content, image, labels[image.id]) for image in content.images)
    with replacing(path) as partial, partial.open("wb") as file:
        file.write(b'{"info":' + msgspec.json.encode(info))
        for name, records in (
            ("categories", map(msgspec.json.encode, categories)),
            ("images", map(msgspec.json.encode, images)),
            ("annotations", _numbered(content.instances)),
        ):
            file.write(b',\n"%s":[' % name.encode())
            file.writelines(_joined(records))
            file.write(b"]")
        file.write(b"}\n")


def new_ids(instances: Sequence[Instance]) -> list[int]:
    """Annotation ids: those that can stay, and new ones behind the largest of them."""
    following = max((instance.id or 0 for instance in instances), default=0) + 1
    ids = []
    for instance in instances:
        ids.append(instance.id or following)
        following += instance.id is None
    return ids


def _category(content: LvisSet, category: int) -> dict[str, Any]:
    return {**content.categories[category], **content.counts[category]._asdict()}


def _image(content: LvisSet, image: CocoImage, present: Collection[int]) -> dict[str, Any]:
    crowds = set(content.crowds.get(image.id, ()))
    absent, not_exhaustive = image.listed or (content.categories.keys() - present, set())
    return {
        **image.record,
        "neg_category_ids": sorted(set(absent) - crowds),
        "not_exhaustive_category_ids": sorted(crowds.union(not_exhaustive)),
    }


def _numbered(instances: Sequence[Instance]) -> Iterator[bytes]:
    for annotation_id, instance in zip(new_ids(instances), instances, strict=True):
        yield b'{"id":%d,' % annotation_id + instance.fields[1:]


def _joined(records: Iterable[bytes]) -> Iterator[bytes]:
    separator = b"\n"
    for record in records:
        yield separator + record
        separator = b",\n"
