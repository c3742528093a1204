"""From an annotation file to validated columns, written once and memory-mapped afterwards.

N images, M instances, R rings, P points, K categories.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from longtail.annotation_file.checks import find_known
from longtail.annotation_file.document import AnnotationFile, map_annotation_file
from longtail.array_store import ArrayWriter
from longtail.categories import CategoryTable
from longtail.data.lvis.checks import (
    check_absent,
    check_annotation_ids,
    check_frequencies,
    check_geometry,
)
from longtail.data.lvis.images import read_images
from longtail.data.lvis.instances import read_instances
from longtail.data.lvis.ragged import (
    Ragged,
    offsets_from_lengths,
    ragged_from_groups,
    ragged_from_unique,
)
from longtail.data.lvis.tables import ImageTable, InstanceTable
from longtail.problems import ProblemReport

CATEGORY_FIELDS = {"id", "name", "synset", "frequency", "image_count", "instance_count"}


def read_annotations(path: Path, writer: ArrayWriter) -> dict[str, Any]:
    """Read an LVIS file, check it, and write its columns.

    Categories are checked first, then images, then instances: faults of one kind of record would
    only be repeated by those that refer to it.

    Returns:
        Notes for the cache: `categories` and `warnings`.

    Raises:
        BadInputError: The file has faults; the text lists them.
    """
    report = ProblemReport(str(path))
    file = map_annotation_file(path)
    image_records, category_records = file.split("images"), _category_records(file)
    categories = CategoryTable.from_records(
        category_records, str(path), counts_required=file.has_annotations
    )
    records = file.split("annotations") if file.has_annotations else []
    images = read_images(image_records, categories, bool(records), report)
    instances = read_instances(records, images, writer, report)
    instances = _check(instances, images, categories, report)
    report.raise_if_errors()
    present = _write(instances, images, categories, writer)
    check_absent(images.absent, present, images.ids, report)
    check_frequencies(categories, report)
    warnings = [asdict(warning) for warning in report.warnings]
    return {"categories": category_records, "warnings": warnings}


def _category_records(file: AnnotationFile) -> list[dict[str, Any]]:
    return [
        {field: record[field] for field in CATEGORY_FIELDS & record.keys()}
        for record in file.categories()
    ]


def _check(
    instances: InstanceTable, images: ImageTable, categories: CategoryTable, report: ProblemReport
) -> InstanceTable:
    """Report what is wrong with the instances; returns those whose image is known."""
    check_annotation_ids(instances.ids, report)
    find_known(instances.category_ids, categories.ids, "category_id", instances.ids, report)
    known = find_known(instances.image_ids, images.ids, "image_id", instances.ids, report)
    instances = instances.take(known)
    image_index = np.searchsorted(images.ids, instances.image_ids)
    sizes = np.stack([images.widths, images.heights], axis=1)[image_index]
    check_geometry(instances, sizes, report)
    return instances


def _write(
    instances: InstanceTable, images: ImageTable, categories: CategoryTable, writer: ArrayWriter
) -> Ragged:
    """Write all columns, instances sorted by image; returns N rows of the categories present."""
    num_images = len(images.ids)
    image_index = np.searchsorted(images.ids, instances.image_ids)
    rows = ragged_from_groups(image_index, np.arange(len(image_index)), num_images)
    instances, image_index = instances.take(rows.values), image_index[rows.values]
    labels = categories.index_of(instances.category_ids)
    present = ragged_from_unique(image_index, labels, num_images)
    images_of = ragged_from_groups(present.values, present.row_of_value(), len(categories))
    writer.add("image_ids", images.ids)
    writer.add("heights", images.heights)
    writer.add("widths", images.widths)
    writer.add("instance_offsets", rows.offsets)
    writer.add("instance_ids", instances.ids)
    writer.add("labels", labels)
    writer.add("boxes", instances.boxes)
    writer.add("areas", instances.areas)
    writer.add("kinds", instances.kinds.astype(np.uint8))
    writer.add("spans", instances.spans)
    _write_rows(writer, "present", present)
    _write_rows(writer, "images_of", images_of)
    _write_rows(writer, "absent", images.absent)
    _write_rows(writer, "not_exhaustive", images.not_exhaustive)
    _write_texts(writer, "file_names", images.file_names)
    _write_texts(writer, "coco_names", images.coco_names)
    return present


def _write_rows(writer: ArrayWriter, name: str, rows: Ragged) -> None:
    writer.add(f"{name}_offsets", rows.offsets)
    writer.add(f"{name}_values", rows.values)


def _write_texts(writer: ArrayWriter, name: str, texts: list[str]) -> None:
    encoded = [text.encode() for text in texts]
    writer.add(f"{name}_offsets", offsets_from_lengths([len(text) for text in encoded]))
    writer.add(f"{name}_values", np.frombuffer(b"".join(encoded), dtype=np.uint8))
