"""From an annotation file to validated columns, written once and memory-mapped afterwards.

N images, M instances, R rings, P points, K categories.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from longtail.annotation_file.checks import find_known
from longtail.annotation_file.document import FIELDS, AnnotationFile, map_annotation_file
from longtail.array_store import ArrayWriter
from longtail.categories import CategoryTable, check_categories, is_count
from longtail.data.lvis.ragged import (
    Ragged,
    offsets_from_lengths,
    ragged_from_groups,
    ragged_from_unique,
)
from longtail.data.lvis.reading.checks import (
    check_annotation_ids,
    warn_of_crowds,
    warn_of_frequencies,
    warn_of_id_0,
    warn_of_names,
)
from longtail.data.lvis.reading.federated import (
    labels_of,
    warn_of_absent_and_annotated,
    warn_of_unknown_categories,
)
from longtail.data.lvis.reading.geometry import Geometry
from longtail.data.lvis.reading.images import ids_of, read_images
from longtail.data.lvis.reading.instances import read_instances
from longtail.data.lvis.tables import ImageTable, InstanceFlag, InstanceTable
from longtail.problems import ProblemReport

CATEGORY_FIELDS = {"id", "name", "synset", "frequency", "image_count", "instance_count"}


def read_annotations(path: Path, writer: ArrayWriter) -> dict[str, Any]:
    """Read an LVIS file, check it, and write its columns.

    Every list is checked, whatever is wrong with another one; what refers to a faulty record is
    not told again.

    Returns:
        Notes for the cache: `categories`; `warnings` of everybody and `training_warnings`; and
        `misspelt`, the keys that lists seem to have instead of theirs.

    Raises:
        BadInputError: The file has faults; the text lists them.
    """
    report, training = ProblemReport(str(path)), ProblemReport(str(path))
    file = map_annotation_file(path)
    file.report_misspelt(report)
    category_records = _category_records(file)
    check_categories(category_records, report, counts_required=file.has_annotations)
    records = file.split("annotations") if file.has_annotations else []
    images = read_images(file.split("images"), report)
    instances = read_instances(records, images, writer, report)
    image_ids = images.ids if not report.errors else ids_of(file.split("images"))
    instances = _check(instances, images, image_ids, category_records, report, training)
    report.raise_if_errors()
    categories = CategoryTable.from_records(category_records, str(path), file.has_annotations)
    _write(instances, images, categories, writer, training)
    warn_of_names(categories, report)
    warn_of_frequencies(categories, training)
    return {
        "categories": category_records,
        "warnings": [asdict(warning) for warning in report.warnings],
        "training_warnings": [asdict(warning) for warning in training.warnings],
        "misspelt": {field: key for field in FIELDS if (key := file.misspelt(field))},
    }


def _category_records(file: AnnotationFile) -> list[dict[str, Any]]:
    return [
        {field: record[field] for field in CATEGORY_FIELDS & record.keys()}
        for record in file.categories()
    ]


def _check(
    instances: InstanceTable,
    images: ImageTable,
    image_ids: NDArray[np.int64] | None,
    category_records: list[dict[str, Any]],
    report: ProblemReport,
    training: ProblemReport,
) -> InstanceTable:
    """Report what is wrong with instances and lists; returns the instances of known images."""
    check_annotation_ids(instances.ids, report)
    warn_of_id_0(instances.ids, report)
    category_ids = [record.get("id") for record in category_records]
    if all(map(is_count, category_ids)):
        known_categories = np.array(category_ids, dtype=np.int64)
        find_known(instances.category_ids, known_categories, "category_id", instances.ids, report)
        warn_of_unknown_categories(images, known_categories, report)
    if image_ids is not None:
        find_known(instances.image_ids, image_ids, "image_id", instances.ids, report)
    instances = instances.take(np.isin(instances.image_ids, images.ids))
    image_index = np.searchsorted(images.ids, instances.image_ids)
    sizes = np.stack([images.widths, images.heights], axis=1)[image_index]
    geometry = Geometry(instances, sizes)
    geometry.report_errors(report)
    geometry.report_warnings(training)
    warn_of_crowds(instances, report)
    return instances.with_flags(geometry.flags())


def _write(
    instances: InstanceTable,
    images: ImageTable,
    categories: CategoryTable,
    writer: ArrayWriter,
    training: ProblemReport,
) -> None:
    """Write all columns, instances sorted by image."""
    num_images = len(images.ids)
    image_index = np.searchsorted(images.ids, instances.image_ids)
    rows = ragged_from_groups(image_index, np.arange(len(image_index)), num_images)
    instances, image_index = instances.take(rows.values), image_index[rows.values]
    labels = categories.index_of(instances.category_ids)
    annotated = ragged_from_unique(image_index, labels, num_images)
    used = (instances.flags & InstanceFlag.LEFT_OUT) == 0
    present = ragged_from_unique(image_index[used], labels[used], num_images)
    absent = labels_of(images.absent, categories)
    warn_of_absent_and_annotated(absent, annotated, images.ids, training)
    writer.add("image_ids", images.ids)
    writer.add("heights", images.heights)
    writer.add("widths", images.widths)
    writer.add("missing_lists", images.missing_lists)
    writer.add("instance_offsets", rows.offsets)
    writer.add("instance_ids", instances.ids)
    writer.add("labels", labels)
    writer.add("boxes", instances.boxes)
    writer.add("areas", instances.areas)
    writer.add("kinds", instances.kinds.astype(np.uint8))
    writer.add("spans", instances.spans)
    writer.add("flags", instances.flags.astype(np.uint8))
    _write_rows(writer, "annotated", annotated)
    _write_rows(writer, "present", present)
    _write_rows(
        writer,
        "images_of",
        ragged_from_groups(present.values, present.row_of_value(), len(categories)),
    )
    _write_rows(writer, "absent", absent)
    _write_rows(writer, "not_exhaustive", labels_of(images.not_exhaustive, categories))
    _write_texts(writer, "file_names", images.file_names)
    _write_texts(writer, "coco_names", images.coco_names)


def _write_rows(writer: ArrayWriter, name: str, rows: Ragged) -> None:
    writer.add(f"{name}_offsets", rows.offsets)
    writer.add(f"{name}_values", rows.values)


def _write_texts(writer: ArrayWriter, name: str, texts: list[str]) -> None:
    encoded = [text.encode() for text in texts]
    writer.add(f"{name}_offsets", offsets_from_lengths([len(text) for text in encoded]))
    writer.add(f"{name}_values", np.frombuffer(b"".join(encoded), dtype=np.uint8))
